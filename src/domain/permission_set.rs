//! Sets of permission keys.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;

/// What ends a key in a [`PermissionSet`]; neither PostgreSQL's text nor a catalogue's key holds one.
const END: char = '\0';

/// What most keys take with their end, in octets.
const USUAL: usize = 16;

/// A set of permission keys; may hold keys that the catalogue no longer knows.
///
/// All of it is one text, the keys in alphabetical order: every row of a page has a set of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct PermissionSet(String);

impl PermissionSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether `key` is in the set.
    pub fn contains(&self, key: &str) -> bool {
        self.place(key).is_ok()
    }

    /// Adds `key`; tells whether it was new.
    pub fn insert(&mut self, key: impl AsRef<str>) -> bool {
        let key = key.as_ref();
        // One that no catalogue knows, instead of two that one may.
        let plain = key.contains(END).then(|| key.replace(END, "\u{FFFD}"));
        let key = plain.as_deref().unwrap_or(key);
        let Err(place) = self.place(key) else {
            return false;
        };
        self.0.insert_str(place, key);
        self.0.insert(place + key.len(), END);
        true
    }

    /// Takes `key` out; tells whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        let place = self.place(key);
        if let Ok(place) = place {
            let end = place + key.len() + END.len_utf8();
            self.0.replace_range(place..end, "");
        }
        place.is_ok()
    }

    /// The keys in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split_terminator(END)
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether the set has no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every key is also in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|key| other.contains(key))
    }

    /// The keys of `self` that `other` lacks.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.iter().filter(|key| !other.contains(key)).collect()
    }

    /// The keys of both.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }

    /// Where in the text a key stands, or where it would.
    fn place(&self, key: &str) -> Result<usize, usize> {
        let mut place = 0;
        for held in self.iter() {
            match held.cmp(key) {
                Ordering::Less => place += held.len() + END.len_utf8(),
                Ordering::Equal => return Ok(place),
                Ordering::Greater => break,
            }
        }
        Err(place)
    }
}

impl<S: AsRef<str>> FromIterator<S> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = S>>(keys: I) -> Self {
        let keys = keys.into_iter();
        let mut set = Self(String::with_capacity(keys.size_hint().0 * USUAL));
        for key in keys {
            set.insert(key);
        }
        set
    }
}

impl Serialize for PermissionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for PermissionSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<String>::deserialize(deserializer).map(Self::from_iter)
    }
}

#[cfg(test)]
mod tests {
    use super::PermissionSet;

    fn set(keys: &[&str]) -> PermissionSet {
        keys.iter().copied().collect()
    }

    #[test]
    fn keys_are_in_order_and_there_once() {
        let keys = set(&["b.x", "a", "c", "b", "a"]);
        assert_eq!(keys.iter().collect::<Vec<_>>(), ["a", "b", "b.x", "c"]);
        assert_eq!(keys, set(&["c", "b", "a", "b.x"]));
        assert_eq!((keys.len(), set(&[]).len()), (4, 0));
        assert!(set(&[""]).contains("") && !set(&[]).contains(""));
    }

    #[test]
    fn a_key_comes_and_goes_once() {
        let mut keys = set(&["a", "c"]);
        assert!(keys.insert("b") && !keys.insert("b"));
        assert_eq!(keys, set(&["a", "b", "c"]));
        assert!(keys.remove("a") && !keys.remove("a") && keys.remove("c"));
        assert_eq!(keys, set(&["b"]));
        assert!(keys.remove("b") && keys.is_empty());
        assert_eq!(keys, PermissionSet::new());
    }

    #[test]
    fn sets_are_compared_key_by_key() {
        let (few, many) = (set(&["b"]), set(&["a", "b", "b.x"]));
        assert!(few.is_subset(&many) && !many.is_subset(&few));
        assert!(!set(&["b."]).is_subset(&many));
        assert_eq!(many.minus(&few), set(&["a", "b.x"]));
        assert_eq!(few.plus(&set(&["a", "c"])), set(&["a", "b", "c"]));
    }

    #[test]
    fn a_key_never_becomes_two() {
        let keys = set(&["a\0members.manage"]);
        assert_eq!(keys.len(), 1);
        assert!(!keys.contains("members.manage") && !keys.contains("a"));
    }

    #[test]
    fn json_is_a_list() {
        let json = serde_json::to_string(&set(&["b", "a"])).unwrap();
        assert_eq!(json, r#"["a","b"]"#);
        let read: PermissionSet = serde_json::from_str(r#"["b","a","b"]"#).unwrap();
        assert_eq!(read, set(&["a", "b"]));
    }
}
