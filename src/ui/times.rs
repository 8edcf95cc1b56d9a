//! Instants in words: relative in a row, absolute with its zone in a detail.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const MONTH: i64 = 30 * DAY;
const YEAR: i64 = 365 * DAY;

/// `5 min ago`, `in 6 d`; at most ten columns.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.duration_since(now).as_secs();
    let distance = seconds.abs();
    let words = match distance {
        0..MINUTE => {
            return if seconds > 0 {
                "in a moment"
            } else {
                "just now"
            }
            .to_owned();
        }
        MINUTE..HOUR => format!("{} min", distance / MINUTE),
        HOUR..DAY => format!("{} h", distance / HOUR),
        DAY..MONTH => format!("{} d", distance / DAY),
        MONTH..YEAR => format!("{} mo", distance / MONTH),
        _ => format!("{} y", (distance / YEAR).min(9_999)),
    };
    if seconds > 0 {
        format!("in {words}")
    } else {
        format!("{words} ago")
    }
}

/// When what [`relative`] says of an instant of the past becomes something else.
pub fn other_words(at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let age = now.duration_since(at).as_secs().max(0);
    let unit = match age {
        0..HOUR => MINUTE,
        HOUR..DAY => HOUR,
        DAY..MONTH => DAY,
        MONTH..YEAR => MONTH,
        _ => YEAR,
    };
    let age = (age / unit + 1) * unit;
    at.checked_add(SignedDuration::from_secs(age)).ok()
}

/// `24 Nov 2026 04:12 UTC`, in the zone of this machine.
pub fn absolute(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%-d %b %Y %H:%M %Z")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::{absolute, other_words, relative};
    use jiff::{SignedDuration, Timestamp, tz::TimeZone};

    #[test]
    fn words_stay_until_the_next_ones() {
        let at: Timestamp = "2026-11-24T04:12:00Z".parse().unwrap();
        for age in [
            0,
            1,
            59,
            60,
            3_599,
            3_600,
            86_399,
            86_400,
            2_591_999,
            40 * 86_400,
        ] {
            let now = at + SignedDuration::from_secs(age);
            let then = other_words(at, now).unwrap();
            let before = then - SignedDuration::from_secs(1);
            assert_eq!(relative(at, before), relative(at, now), "{age}");
            assert_ne!(relative(at, then), relative(at, now), "{age}");
        }
    }

    #[test]
    fn distances_have_words() {
        let now: Timestamp = "2026-11-24T04:12:00Z".parse().unwrap();
        let at = |seconds| relative(now + SignedDuration::from_secs(seconds), now);
        assert_eq!(at(-3), "just now");
        assert_eq!(at(-59 * 60), "59 min ago");
        assert_eq!(at(-86_400), "1 d ago");
        assert_eq!(at(-400 * 86_400), "1 y ago");
        assert_eq!(at(7 * 86_400 - 60), "in 6 d");
        assert_eq!(relative(Timestamp::MIN, now), "9999 y ago");
        assert_eq!(relative(Timestamp::MAX, now), "in 7978 y");
        assert_eq!(other_words(Timestamp::MAX, now), None);
        assert_eq!(absolute(now, &TimeZone::UTC), "24 Nov 2026 04:12 UTC");
    }
}
