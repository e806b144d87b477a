//! Which modules import which, read from their text, and where that goes in a circle.

use std::collections::{BTreeMap, BTreeSet};

/// The parts of a module's path behind its crate's name; none for the crate's root.
type Module = Vec<String>;

/// Returns the circles of a crate's modules, each as the imports that make it.
///
/// `files` are names below the crate's `src` and texts without tests. A module's children are part
/// of it, so what goes between the two doesn't count.
pub(super) fn circles(files: &[(String, String)]) -> Vec<String> {
    let modules: BTreeMap<Module, &str> =
        files.iter().map(|(name, text)| (module(name), text.as_str())).collect();
    let mut imports: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for (from, text) in &modules {
        let paths = paths(from, text);
        let found = paths.iter().filter_map(|path| {
            let n = (0..=path.len()).rev().find(|n| modules.contains_key(&path[..*n]))?;
            modules.get_key_value(&path[..n]).map(|(module, _)| module)
        });
        let is_family = |to: &Module| to.starts_with(from) || from.starts_with(to);
        imports.insert(from, found.filter(|to| !is_family(to)).collect());
    }
    let reached: BTreeMap<&Module, BTreeSet<&Module>> =
        imports.keys().map(|from| (*from, reach(&imports, from))).collect();
    let mut circles: BTreeMap<BTreeSet<&Module>, Vec<String>> = BTreeMap::new();
    for (from, to) in imports.iter().flat_map(|(from, to)| to.iter().map(move |to| (*from, *to))) {
        if reached[to].contains(from) {
            let is_in = |other: &&&Module| reached[**other].contains(from);
            let circle = reached[from].iter().filter(is_in).copied().collect();
            let line = format!("{} -> {}", from.join("/"), to.join("/"));
            circles.entry(circle).or_default().push(line);
        }
    }
    circles.into_values().map(|lines| lines.join("\n")).collect()
}

fn module(name: &str) -> Module {
    let path = name.trim_end_matches(".rs");
    path.split('/').filter(|part| !["lib", "main"].contains(part)).map(str::to_owned).collect()
}

/// Returns all that can be reached from a module, itself too if there is a way back.
fn reach<'m>(
    imports: &BTreeMap<&'m Module, BTreeSet<&'m Module>>,
    from: &Module,
) -> BTreeSet<&'m Module> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&Module> = imports[from].iter().copied().collect();
    while let Some(module) = next.pop() {
        if reached.insert(module) {
            next.extend(&imports[module]);
        }
    }
    reached
}

/// Returns the paths within the crate that a module's text names.
fn paths(from: &Module, text: &str) -> Vec<Module> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    let mut found = vec![];
    for root in ["super::", "crate::", "self::"] {
        for (at, _) in code.match_indices(root) {
            let mut base = if root == "crate::" { vec![] } else { from.clone() };
            let mut rest = &code[at..];
            // Of `super::super::a` the first one counts.
            if code[..at].ends_with("super::") {
                continue;
            }
            while let Some(behind) = rest.strip_prefix("super::") {
                base.pop();
                rest = behind;
            }
            tree(base, rest.strip_prefix(root).unwrap_or(rest), &mut found);
        }
    }
    found
}

/// Reads what stands behind `base::`: a name, a path or a list in braces; returns what follows.
fn tree<'c>(mut base: Module, code: &'c str, found: &mut Vec<Module>) -> &'c str {
    let code = code.trim_start();
    if let Some(mut list) = code.strip_prefix('{') {
        while !list.is_empty() && !list.starts_with('}') {
            let rest = tree(base.clone(), list, found);
            // `as` and `*` are of no interest; neither is text that is no list of imports.
            let end = rest.find([',', '}']).unwrap_or(rest.len());
            list = rest[end..].strip_prefix(',').unwrap_or(&rest[end..]);
        }
        return list.get(1..).unwrap_or_default();
    }
    let is_outside = |letter: char| !letter.is_alphanumeric() && letter != '_';
    let (name, rest) = code.split_at(code.find(is_outside).unwrap_or(code.len()));
    if name != "self" {
        base.push(name.to_owned());
    }
    match rest.strip_prefix("::") {
        Some(path) => tree(base, path, found),
        None => {
            found.push(base);
            rest
        }
    }
}
