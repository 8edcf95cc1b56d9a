//! Moments that come from others, who may have written any.

use bytes::BytesMut;
use jiff::Timestamp;
use std::error::Error;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

/// A `timestamptz`: microseconds since the year 2000, and before or after all time (PostgreSQL manual, 8.5 and
/// `timestamptz_recv`). What lies beyond the calendar is the end of it, and goes back as an infinity. Read without
/// a calendar, which a page would ask two hundred times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub(super) Timestamp);

/// The year 2000, in microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;

impl FromSql<'_> for Moment {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let since = i64::from_be_bytes(raw.try_into()?);
        let at = Timestamp::from_microsecond(since.saturating_add(EPOCH));
        let end = if since < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        Ok(Self(at.unwrap_or(end)))
    }

    accepts!(TIMESTAMPTZ);
}

impl ToSql for Moment {
    fn to_sql(&self, _: &Type, raw: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let since = match self.0 {
            at if at == Timestamp::MIN => i64::MIN,
            at if at == Timestamp::MAX => i64::MAX,
            at => at.as_microsecond() - EPOCH,
        };
        raw.extend_from_slice(&since.to_be_bytes());
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::Moment;
    use bytes::BytesMut;
    use jiff::Timestamp;
    use tokio_postgres::types::{FromSql, ToSql, Type};

    fn written(at: Timestamp) -> BytesMut {
        let mut raw = BytesMut::new();
        Moment(at).to_sql(&Type::TIMESTAMPTZ, &mut raw).unwrap();
        raw
    }

    #[test]
    fn it_is_written_as_the_driver_does_and_read_again() {
        for text in [
            "2026-11-28T01:02:03.456789Z",
            "2000-01-01T00:00:00Z",
            "1969-07-20T20:17:40Z",
        ] {
            let at: Timestamp = text.parse().unwrap();
            let mut raw = BytesMut::new();
            at.to_sql(&Type::TIMESTAMPTZ, &mut raw).unwrap();
            assert_eq!(written(at), raw, "{text}");
            assert_eq!(
                Moment::from_sql(&Type::TIMESTAMPTZ, &raw).unwrap(),
                Moment(at)
            );
        }
    }

    #[test]
    fn the_ends_of_time_are_infinities_there_and_back() {
        for (end, since) in [(Timestamp::MIN, i64::MIN), (Timestamp::MAX, i64::MAX)] {
            let raw = since.to_be_bytes();
            assert_eq!(
                Moment::from_sql(&Type::TIMESTAMPTZ, &raw).unwrap(),
                Moment(end)
            );
            assert_eq!(written(end)[..], raw);
        }
        assert!(Moment::from_sql(&Type::TIMESTAMPTZ, &[1, 2]).is_err());
    }
}
