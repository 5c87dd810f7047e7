//! What a locale says about dates and order.

use std::fmt;

/// A Windows locale, by its number (LCID).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Locale(pub u32);

impl Locale {
    /// English (United States), the locale in which package files spell dates.
    pub const EN_US: Locale = Locale(1033);

    /// How dates are written there, `None` where that is not known here.
    pub(super) fn formats(self) -> Option<&'static Formats> {
        FORMATS.iter().find(|formats| formats.lcid == self.0)
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Date and time patterns in the notation of Windows: `d M y` date, `h` 12-hour, `H` 24-hour, `m s` time, `tt`
/// AM or PM; a doubled letter has two digits, everything else stands for itself.
#[derive(Debug)]
pub(super) struct Formats {
    lcid: u32,
    /// BCP 47 tag, for the order of strings.
    pub(super) tag: &'static str,
    pub(super) short_date: &'static str,
    pub(super) long_time: &'static str,
}

/// The order in which a short date names day, month and year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateOrder {
    MonthDayYear,
    DayMonthYear,
    YearMonthDay,
}

impl Formats {
    pub(super) fn date_order(&self) -> DateOrder {
        match self
            .short_date
            .find(['d', 'M', 'y'])
            .map(|at| self.short_date.as_bytes().get(at))
        {
            Some(Some(b'd')) => DateOrder::DayMonthYear,
            Some(Some(b'y')) => DateOrder::YearMonthDay,
            _ => DateOrder::MonthDayYear,
        }
    }
}

const fn row(
    lcid: u32,
    tag: &'static str,
    short_date: &'static str,
    long_time: &'static str,
) -> Formats {
    Formats {
        lcid,
        tag,
        short_date,
        long_time,
    }
}

/// Windows' own short date and long time. 1033 and 1049 are seen in packages as an engine stored them; the others
/// are the defaults of Windows 10, which a user may have changed, and are not proved by an engine.
const FORMATS: &[Formats] = &[
    row(1033, "en-US", "M/d/yyyy", "h:mm:ss tt"),
    row(1049, "ru-RU", "dd.MM.yyyy", "H:mm:ss"),
    row(1029, "cs-CZ", "dd.MM.yyyy", "H:mm:ss"),
    row(1030, "da-DK", "dd-MM-yyyy", "HH:mm:ss"),
    row(1031, "de-DE", "dd.MM.yyyy", "HH:mm:ss"),
    row(1035, "fi-FI", "d.M.yyyy", "H.mm.ss"),
    row(1036, "fr-FR", "dd/MM/yyyy", "HH:mm:ss"),
    row(1040, "it-IT", "dd/MM/yyyy", "HH:mm:ss"),
    row(1041, "ja-JP", "yyyy/MM/dd", "H:mm:ss"),
    row(1043, "nl-NL", "d-M-yyyy", "HH:mm:ss"),
    row(1044, "nb-NO", "dd.MM.yyyy", "HH:mm:ss"),
    row(1045, "pl-PL", "dd.MM.yyyy", "HH:mm:ss"),
    row(1046, "pt-BR", "dd/MM/yyyy", "HH:mm:ss"),
    row(1053, "sv-SE", "yyyy-MM-dd", "HH:mm:ss"),
    row(1055, "tr-TR", "d.MM.yyyy", "HH:mm:ss"),
    row(1058, "uk-UA", "dd.MM.yyyy", "H:mm:ss"),
    row(2052, "zh-CN", "yyyy/M/d", "H:mm:ss"),
    row(2055, "de-CH", "dd.MM.yyyy", "HH:mm:ss"),
    row(2057, "en-GB", "dd/MM/yyyy", "HH:mm:ss"),
    row(2070, "pt-PT", "dd/MM/yyyy", "HH:mm:ss"),
    row(3076, "zh-HK", "d/M/yyyy", "H:mm:ss"),
    row(3079, "de-AT", "dd.MM.yyyy", "HH:mm:ss"),
    row(3081, "en-AU", "d/MM/yyyy", "h:mm:ss tt"),
    row(3082, "es-ES", "dd/MM/yyyy", "H:mm:ss"),
    row(16393, "en-IN", "dd-MM-yyyy", "HH:mm:ss"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_letter_of_the_pattern_is_the_order() {
        let order = |lcid| Locale(lcid).formats().map(Formats::date_order);
        assert_eq!(order(1033), Some(DateOrder::MonthDayYear));
        assert_eq!(order(1049), Some(DateOrder::DayMonthYear));
        assert_eq!(order(1053), Some(DateOrder::YearMonthDay));
        assert_eq!(order(9999), None);
    }
}
