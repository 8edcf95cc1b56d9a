//! People of a realistic spread, the same in every run: who number `n` is depends on `n` alone, and
//! addresses come in another order than their rows do.

use std::fmt::Write;

const FIRST: [&str; 64] = [
    "Ada", "Aisha", "Alan", "Amina", "Ana", "Anders", "Anita", "Barbara", "Bjorn", "Bruno",
    "Carlos", "Chen", "Chloe", "Claire", "Daniel", "Dennis", "Diego", "Donald", "Edsger", "Elena",
    "Emeka", "Emma", "Farid", "Fatima", "Frances", "Grace", "Guido", "Hannah", "Hedy", "Hiroshi",
    "Ines", "Ivan", "Jana", "Joan", "Jonas", "Karen", "Ken", "Kofi", "Lars", "Laura", "Leila",
    "Leslie", "Linus", "Lynn", "Margaret", "Maria", "Mary", "Mehmet", "Nadia", "Niklaus", "Olga",
    "Omar", "Pavel", "Priya", "Radia", "Rosa", "Sanjay", "Shafi", "Sofia", "Tomas", "Tony", "Vint",
    "Yuki", "Zoe",
];
const LAST: [&str; 64] = [
    "Abara", "Allen", "Andersen", "Bauer", "Becker", "Borg", "Bose", "Carvalho", "Cerf", "Clarke",
    "Conway", "Costa", "Diaz", "Dijkstra", "Dubois", "Eriksen", "Farah", "Fischer", "Fontaine",
    "Garcia", "Goldberg", "Gupta", "Hamilton", "Hansen", "Hoare", "Hoffmann", "Hopper", "Ito",
    "Ivanova", "Jensen", "Kaya", "Keller", "Khan", "Knuth", "Kowalski", "Lamarr", "Lamport",
    "Larsen", "Lee", "Lindgren", "Liskov", "Lopez", "Martin", "Mbeki", "Meyer", "Moreau", "Novak",
    "Okafor", "Olsen", "Patel", "Perlman", "Petrov", "Ritchie", "Rossi", "Santos", "Sato",
    "Schmidt", "Silva", "Singh", "Tanaka", "Thompson", "Turing", "Weber", "Wirth",
];
/// In 8 of a thousand names.
pub(crate) const RARE: &str = "Quennell";
/// In 5 of a hundred thousand.
pub(crate) const VERY_RARE: &str = "Vyshinskaya";
/// Domains, and up to which hundredth of the people they reach.
const DOMAINS: [(&str, u64); 10] = [
    (COMMON, 32),
    ("post.example", 50),
    ("telecom.example", 62),
    ("university.example", 70),
    ("agency.example", 77),
    ("partner.example", 83),
    ("freelance.example", 88),
    ("studio.example", 92),
    ("hosting.example", 96),
    ("lovelace.example", 100),
];
/// The domain of 32 in a hundred people.
pub(crate) const COMMON: &str = "mail.example";

/// The keys that a custom role may hold, those that others require first.
const KEYS: [&str; 10] = [
    "products.view",
    "domains.view",
    "invoices.pay",
    "quotes.accept",
    "orders.place",
    "tickets.open",
    "emails.view",
    "contacts.manage",
    "affiliates.manage",
    "account.update",
];
const YEAR: u64 = 365 * 24 * 3600;

/// Somebody of an account.
pub(crate) struct Person {
    hash: u64,
    pub(crate) email: String,
    pub(crate) name: String,
}

impl Person {
    pub(crate) fn number(n: u64) -> Self {
        let hash = mixed(n);
        let pick = |from: &[&'static str], bits: u32| {
            let index = usize::try_from((hash >> bits) % 64).unwrap_or_default();
            from.get(index).copied().unwrap_or_default()
        };
        let first = pick(&FIRST, 0);
        let last = match hash >> 24 {
            special if special % 20_000 == 7 => VERY_RARE,
            special if special % 125 == 0 => RARE,
            _ => pick(&LAST, 6),
        };
        let hundredth = (hash >> 14) % 100;
        let domain = DOMAINS.iter().find(|(_, reach)| hundredth < *reach);
        let domain = domain.map_or(COMMON, |(domain, _)| domain);
        let local = match (hash >> 12) % 4 {
            0 => format!("{first}.{last}{n}"),
            1 => format!("{}.{last}{n}", first.chars().next().unwrap_or('x')),
            2 => format!("{last}.{first}{n}"),
            _ => format!("{first}_{last}{n}"),
        };
        Self {
            hash,
            email: format!("{}@{domain}", local.to_lowercase()),
            name: format!("{first} {last}"),
        }
    }

    /// How many seconds ago they logged in last; 8 in a hundred never did.
    pub(crate) fn logged_in_ago(&self) -> Option<u64> {
        (self.hash % 100 >= 8).then(|| mixed(self.hash) % YEAR)
    }

    /// One in a thousand is an owner, one in ten may do everything.
    pub(crate) fn role(&self) -> &'static str {
        match mixed(self.hash ^ 1) % 1_000 {
            0 => "owner",
            1..=100 => "full",
            _ => "custom",
        }
    }

    /// Two to five keys of a custom role, as PostgreSQL writes an array.
    pub(crate) fn permissions(&self) -> String {
        let hash = mixed(self.hash ^ 2);
        let count = usize::try_from(2 + hash % 4).unwrap_or(2);
        let from = usize::try_from((hash >> 8) % 10).unwrap_or_default();
        let keys = KEYS.iter().cycle().skip(from).take(count);
        let mut array = String::from("{");
        for (i, key) in keys.enumerate() {
            let comma = if i > 0 { "," } else { "" };
            // Writing to a string does not fail.
            let _ok = write!(array, "{comma}{key}");
        }
        array + "}"
    }
}

/// A number that looks random (splitmix64; Steele, Lea and Flood 2014).
pub(crate) fn mixed(n: u64) -> u64 {
    let z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
