//! `--throttle N/min`: how fast mail goes.

use std::str::FromStr;
use std::time::{Duration, Instant};

/// The least time from one mail to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace(Duration);

/// A text that is no pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number of mails in a time, such as `30/min`, `2/s` or `500/h`")]
pub struct PaceError;

impl FromStr for Pace {
    type Err = PaceError;

    fn from_str(text: &str) -> Result<Pace, PaceError> {
        let (number, unit) = text.split_once('/').ok_or(PaceError)?;
        let number: u32 = number.trim().parse().map_err(|_| PaceError)?;
        let seconds = match unit.trim() {
            "s" | "sec" => 1,
            "min" | "m" => 60,
            "h" => 3600,
            _ => return Err(PaceError),
        };
        Duration::from_secs(seconds)
            .checked_div(number)
            .map(Pace)
            .ok_or(PaceError)
    }
}

/// Keeps mail at a pace.
#[derive(Debug)]
pub(in crate::mail) struct Pacer {
    pace: Pace,
    next: Option<Instant>,
}

impl Pacer {
    pub(in crate::mail) fn new(pace: Pace) -> Pacer {
        Pacer { pace, next: None }
    }

    /// Waits until the next mail may go.
    pub(in crate::mail) fn wait(&mut self) {
        if let Some(next) = self.next {
            let left = next.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                std::thread::sleep(left);
            }
        }
        self.next = Instant::now().checked_add(self.pace.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_number_in_a_time() {
        for (text, milliseconds) in [
            ("30/min", 2000),
            ("2/s", 500),
            ("3600/h", 1000),
            ("1/m", 60_000),
        ] {
            assert_eq!(
                text.parse(),
                Ok(Pace(Duration::from_millis(milliseconds))),
                "{text}"
            );
        }
        for wrong in ["", "30", "0/min", "-1/min", "30/day", "x/min", "1.5/s"] {
            assert_eq!(wrong.parse::<Pace>(), Err(PaceError), "{wrong}");
        }
    }

    #[test]
    fn the_first_mail_does_not_wait() {
        let start = Instant::now();
        let mut pacer = Pacer::new("20/s".parse().unwrap());
        pacer.wait();
        assert!(start.elapsed() < Duration::from_millis(40));
        pacer.wait();
        pacer.wait();
        assert!(start.elapsed() >= Duration::from_millis(100));
    }
}
