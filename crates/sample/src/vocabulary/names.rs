//! Names of people, by language, each as written at home and in plain letters.

use std::sync::LazyLock;

/// A language names come from: its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tongue(usize);

/// A name as written at home and in plain letters.
pub(crate) type Name = (&'static str, &'static str);

/// The names of one language.
#[derive(Debug)]
pub(crate) struct Names {
    /// What the table calls the language.
    tongue: &'static str,
    /// The language, as profiles name it.
    pub(crate) language: &'static str,
    /// What comes between the family name and the given name where the family comes first.
    pub(crate) family_first: Option<&'static str>,
    /// Given names.
    pub(crate) given: Vec<Name>,
    /// Family names.
    pub(crate) family: Vec<Name>,
}

impl Tongue {
    /// English, which is first in the table.
    pub(crate) const ENGLISH: Self = Self(0);

    /// Finds a language by what the table calls it; English if there is none of that name.
    pub(crate) fn named(name: &str) -> Self {
        NAMES.iter().position(|names| names.tongue == name).map_or(Self::ENGLISH, Self)
    }

    /// Gives the names of the language.
    pub(crate) fn names(self) -> &'static Names {
        &NAMES[self.0]
    }
}

/// The table beside this file: one language a line, fields parted by semicolons, names by commas.
static NAMES: LazyLock<Vec<Names>> =
    LazyLock::new(|| include_str!("names.csv").lines().skip(1).map(parse).collect());

fn parse(line: &'static str) -> Names {
    let fields: Vec<&'static str> = line.split(';').collect();
    let family_first = match fields[2] {
        "family-spaced" => Some(" "),
        "family-joined" => Some(""),
        _ => None,
    };
    Names {
        tongue: fields[0],
        language: fields[1],
        family_first,
        given: parse_names(fields[3]),
        family: parse_names(fields[4]),
    }
}

fn parse_names(field: &'static str) -> Vec<Name> {
    field.split(',').filter_map(|pair| pair.split_once('=')).collect()
}
