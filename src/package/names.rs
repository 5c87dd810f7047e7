//! The namespaces and names of the format ([MS-DTSX], [MS-DTSX2], and real files).

/// Everything in `.dtsx` and `.conmgr` files.
pub const DTS: &str = "www.microsoft.com/SqlServer/Dts";
/// `Project.params`, `@Project.manifest`, and the manifest inside a `.dtproj`.
pub const SSIS: &str = "www.microsoft.com/SqlServer/SSIS";
/// The data of a Send Mail task.
pub const SEND_MAIL: &str = "www.microsoft.com/sqlserver/dts/tasks/sendmailtask";
/// XML Encryption, as SSIS uses it for values under a password.
pub const XML_ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";

/// Whether two ids mean the same object: braces and case do not count (some ids are no GUIDs).
pub fn same_id(a: &str, b: &str) -> bool {
    let (a, b) = (bare_id(a), bare_id(b));
    !a.is_empty() && a.eq_ignore_ascii_case(b)
}

/// An id without its braces.
pub fn bare_id(id: &str) -> &str {
    let id = id.trim();
    id.strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or(id)
}

/// A Boolean as any generation spells it: `True`, `true`, `-1`, `1`, and their opposites.
pub fn boolean(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") || text == "-1" || text == "1" {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") || text == "0" {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_compare_without_case_and_braces() {
        assert!(same_id("{5D07543A-0000}", "5d07543a-0000"));
        assert!(same_id(" {Mail} ", "mail"));
        assert!(!same_id("{}", "{}"));
        assert!(!same_id("{a}", "{b}"));
    }
}
