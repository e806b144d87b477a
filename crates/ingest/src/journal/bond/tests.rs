//! What a journal knows of lakes that are moved, gone, replaced or restored.

use super::*;

fn met<'a>(id: &'a str, committed: Option<u64>) -> Met<'a> {
    Met { id, committed, is_anew: false }
}

fn known(lake: &str, from: u64, since: u64) -> Bond {
    let missing = vec![];
    Bond { lake: Some(lake.to_owned()), ingester: "own".to_owned(), from, since, missing }
}

/// Taken for none, it would say that the lake has every segment.
#[test]
fn a_bond_that_is_damaged_is_named() {
    let root = tempfile::TempDir::new().unwrap();
    let path = bond_path(root.path(), "/lake");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    for damaged in ["", "{", "3"] {
        fs::write(&path, damaged).unwrap();
        let error = Bond::load(root.path(), "/lake").unwrap_err().to_string();
        assert!(error.contains(path.file_name().unwrap().to_str().unwrap()), "{error}");
    }
}

#[test]
fn ids_of_a_lake_that_is_gone_are_not_known_in_the_one_made_anew() {
    let mut bond = known("a", 0, 0);
    assert!(bond.holds(7));
    assert_eq!(bond.settle(&met("b", None), "own", 7), Settled::Another);
    assert!(!bond.holds(7) && bond.holds(8));
    assert_eq!(bond.settle(&met("b", Some(8)), "own", 8), Settled::Same);
    assert!(!bond.holds(7) && bond.holds(8));
}

#[test]
fn ids_of_segments_that_an_older_copy_of_the_lake_lacks_are_not_known() {
    let mut bond = known("a", 0, 0);
    for _ in 0..2 {
        let settled = bond.settle(&met("a", Some(4)), "own", 7);
        assert_eq!(settled, Settled::Behind { first: 5, last: 7 });
        assert_eq!(bond.missing, [(5, 7)]);
    }
    assert!(bond.holds(4) && !bond.holds(5) && !bond.holds(7) && bond.holds(8));
    assert_eq!(bond.settle(&met("a", Some(8)), "own", 8), Settled::Same);
    assert!(!bond.holds(7) && bond.holds(8));
}

#[test]
fn a_journal_of_the_first_release_goes_on_with_the_lake_that_has_its_events() {
    let mut bond = Bond::default();
    assert_eq!(bond.settle(&met("a", Some(7)), "own", 7), Settled::Same);
    assert!(bond.holds(1) && bond.holds(7));
    let mut bond = Bond::default();
    assert_eq!(bond.settle(&met("a", None), "own", 7), Settled::Same);
    assert!(!bond.holds(7) && bond.holds(8), "a lake that has nothing of it");
}

#[test]
fn a_new_name_of_the_journal_is_no_older_copy_of_the_lake() {
    let mut bond = known("a", 0, 0);
    assert_eq!(bond.settle(&met("a", None), "new", 7), Settled::Same);
    assert!(bond.holds(7));
    assert_eq!(bond.settle(&met("a", Some(8)), "new", 8), Settled::Same);
}

fn bind<'a>(root: &Path, target: impl Into<Target<'a>>) -> Result<Arc<Bonded>, JournalError> {
    Bonded::bind(root, &target.into())
}

/// Makes a journal's folder that has brought segments up to 7 to the lake `a`.
fn journal() -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().unwrap();
    for name in ["segments", "ids"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let bonded = bind(folder.path(), "/a").unwrap();
    assert_eq!(bonded.settle(&met("id-a", None), "own").unwrap(), Settled::Same);
    fs::create_dir(bonded.ids()).unwrap();
    fs::write(bonded.ids().join("kept"), "ids of a").unwrap();
    fs::write(folder.path().join("checkpoint"), "7\n").unwrap();
    folder
}

fn wait(root: &Path) {
    fs::write(root.join("segments/00000000000000000008.seg"), "").unwrap();
}

#[test]
fn a_lake_that_was_moved_keeps_its_ids_even_if_events_wait_for_it() {
    let folder = journal();
    wait(folder.path());
    let id = Some("id-a");
    let moved = bind(folder.path(), Target { address: "/b", id, is_anew: false }).unwrap();
    assert_eq!(fs::read_to_string(moved.ids().join("kept")).unwrap(), "ids of a");
    assert_eq!(moved.settle(&met("id-a", Some(7)), "own").unwrap(), Settled::Same);
    assert!(moved.holds(7));
    assert_eq!(load_address(folder.path()).unwrap().unwrap(), "/b");
}

#[test]
fn events_never_go_to_another_lake_unless_someone_says_so() {
    let folder = journal();
    wait(folder.path());
    for id in [None, Some("id-b")] {
        let other = bind(folder.path(), Target { address: "/b", id, is_anew: false });
        assert!(matches!(other, Err(JournalError::OtherLake { .. })), "{other:?}");
    }
    let other = bind(folder.path(), Target { address: "/b", id: None, is_anew: true }).unwrap();
    assert!(!other.knows_lake().unwrap());
    let anew = Met { is_anew: true, ..met("id-b", None) };
    assert_eq!(other.settle(&anew, "own").unwrap(), Settled::Same);
    assert!(!other.holds(7) && other.holds(8));
}

#[test]
fn lakes_in_turn_keep_their_ids_and_lack_nothing() {
    let folder = journal();
    let b = bind(folder.path(), "/b").unwrap();
    assert!(!b.knows_lake().unwrap());
    assert_eq!(b.settle(&met("id-b", None), "own").unwrap(), Settled::Same);
    fs::write(folder.path().join("checkpoint"), "9\n").unwrap();
    let a = bind(folder.path(), "/a").unwrap();
    assert!(a.knows_lake().unwrap());
    assert_eq!(a.settle(&met("id-a", Some(7)), "own").unwrap(), Settled::Same);
    assert!(a.holds(7));
}

#[test]
fn what_a_journal_stands_to_is_told_without_its_lock() {
    let folder = tempfile::TempDir::new().unwrap();
    let new = Standing { knows_lake: false, is_elsewhere: false, holds_events: false };
    assert_eq!(standing(&folder.path().join("none"), "/a").unwrap(), new);
    let folder = journal();
    let known = Standing { knows_lake: true, ..new.clone() };
    assert_eq!(standing(folder.path(), "/a").unwrap(), known);
    wait(folder.path());
    let waiting = Standing { holds_events: true, ..known };
    assert_eq!(standing(folder.path(), "/a").unwrap(), waiting);
    let elsewhere = Standing { is_elsewhere: true, holds_events: true, ..new };
    assert_eq!(standing(folder.path(), "/b").unwrap(), elsewhere);
}

#[test]
fn an_old_copy_is_told_from_an_outage_by_what_there_was_before_it() {
    let folder = tempfile::TempDir::new().unwrap();
    assert_eq!(unmet_at(folder.path(), 5).unwrap(), 5);
    assert_eq!(unmet_at(folder.path(), 9).unwrap(), 5, "the lake was not met since");
    confirm(folder.path()).unwrap();
    confirm(folder.path()).unwrap();
    assert_eq!(unmet_at(folder.path(), 9).unwrap(), 9);
}
