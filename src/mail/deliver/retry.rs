//! Trying a delivery again.

use std::time::Duration;

/// How often a delivery is tried again, and after which pauses: a second, doubled each time up to a minute, of which a
/// random part is left out so that many runs do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    count: u32,
    first: Duration,
    random: [u8; 16],
}

/// No pause is longer.
const LONGEST: Duration = Duration::from_secs(60);

impl Retries {
    /// Never again.
    pub const NONE: Retries = Retries {
        count: 0,
        first: Duration::ZERO,
        random: [0; 16],
    };

    /// So often; the pauses differ by random bytes.
    pub fn new(count: u32, random: [u8; 16]) -> Retries {
        Retries {
            count,
            first: Duration::from_secs(1),
            random,
        }
    }

    /// With another first pause.
    #[must_use]
    pub fn after(self, first: Duration) -> Retries {
        Retries { first, ..self }
    }

    /// The pause before the attempt after `failed` ones; `None` when it was tried often enough.
    pub fn pause(&self, failed: u32) -> Option<Duration> {
        if failed == 0 || failed > self.count {
            return None;
        }
        let doubled = self
            .first
            .saturating_mul(1u32.checked_shl(failed - 1).unwrap_or(u32::MAX))
            .min(LONGEST);
        let at = usize::try_from(failed).unwrap_or_default() % self.random.len();
        let random = self.random.get(at).copied().unwrap_or_default();
        // From half of it up to the whole.
        Some(doubled / 2 + doubled / 2 * u32::from(random) / 255)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_end() {
        let most = Retries::new(20, [255; 16]);
        let least = Retries::new(20, [0; 16]);
        for (failed, seconds) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (20, 60)] {
            let whole = Duration::from_secs(seconds);
            assert_eq!(most.pause(failed), Some(whole));
            assert_eq!(least.pause(failed), Some(whole / 2));
        }
        assert_eq!(most.pause(21), None);
        assert_eq!(Retries::NONE.pause(1), None);
    }
}
