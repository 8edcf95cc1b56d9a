//! Times in settings: a whole number and one unit, `90s`, `30m`, `12h`, `7d`.

use serde::{Deserialize, Deserializer, de::Error};
use std::time::Duration;

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text)
        .ok_or_else(|| D::Error::custom(format!("{text:?} is no time; write 90s, 30m, 12h or 7d")))
}

fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.chars().last()?;
    let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    // A century is more than anybody means.
    number
        .checked_mul(seconds)
        .filter(|s| *s > 0 && *s < 3_155_760_000)
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;

    #[test]
    fn units() {
        assert_eq!(parse("90s"), Some(Duration::from_secs(90)));
        assert_eq!(parse(" 7 d "), Some(Duration::from_hours(168)));
        for text in [
            "",
            "7",
            "d",
            "-1h",
            "1.5h",
            "7w",
            "0s",
            "99999999999999999999d",
            "9999999999999999d",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
