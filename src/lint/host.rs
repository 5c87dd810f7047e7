//! What the name of a server says.

use std::net::IpAddr;

/// Whether a host is this very machine.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim();
    if matches!(host, "." | "(local)") {
        return true;
    }
    let host = host.trim_end_matches('.');
    host.eq_ignore_ascii_case("localhost")
        || host.to_lowercase().ends_with(".localhost")
        || address(host).is_some_and(|address| address.is_loopback())
}

/// The address that a host is, where it is no name.
pub fn address(host: &str) -> Option<IpAddr> {
    let host = host.trim();
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(host).parse().ok()
}

/// Whether an address is one of a private network, or of this machine.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => it.is_private() || it.is_loopback() || it.is_link_local(),
        IpAddr::V6(it) => it.is_loopback() || it.is_unique_local() || it.is_unicast_link_local(),
    }
}

/// Whether a text fits a pattern in which `*` means any run of characters and `?` any one; case does not matter.
pub fn fits(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let (mut p, mut t) = (0, 0);
    // The last `*`, and where it has been tried up to.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, tried)) = star else {
                    return false;
                };
                star = Some((at, tried + 1));
                p = at + 1;
                t = tried + 1;
            }
        }
    }
    pattern
        .get(p..)
        .unwrap_or_default()
        .iter()
        .all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_this_machine_or_not() {
        for host in [
            "localhost",
            "127.0.0.1",
            "[::1]",
            ".",
            "(local)",
            "LOCALHOST.",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example.com", "10.0.0.1", "relay"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn patterns() {
        assert!(
            fits("smtp?.corp.*", "SMTP1.corp.example") && fits("*", "") && fits("a*b*c", "aXbYbZc")
        );
        assert!(!fits("smtp1", "smtp10") && !fits("?", "") && !fits("a*b", "ac"));
    }
}
