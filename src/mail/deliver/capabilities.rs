//! What a server offers in its reply to EHLO (RFC 5321 section 4.1.1.1).

use super::reply::Reply;

/// The extensions that a server offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `STARTTLS` (RFC 3207).
    pub starttls: bool,
    /// `SIZE` (RFC 1870); the most bytes of a message, where the server names a limit.
    pub size: Option<Option<u64>>,
    /// `8BITMIME` (RFC 6152).
    pub eight_bit_mime: bool,
    /// `SMTPUTF8` (RFC 6531).
    pub smtputf8: bool,
    /// `PIPELINING` (RFC 2920).
    pub pipelining: bool,
    /// The mechanisms of `AUTH` (RFC 4954), in capitals, in the server's order.
    pub auth: Vec<String>,
}

impl Capabilities {
    pub(super) fn parse(reply: &Reply) -> Capabilities {
        let mut offered = Capabilities::default();
        // The first line greets.
        for line in reply.lines.iter().skip(1) {
            // `AUTH=LOGIN` is how servers before RFC 2554 said it; .NET reads both.
            let line = match line.get(..5) {
                Some(start) if start.eq_ignore_ascii_case("AUTH=") => line.replacen('=', " ", 1),
                _ => line.clone(),
            };
            let mut words = line.split_ascii_whitespace();
            let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
            match keyword.as_str() {
                "STARTTLS" => offered.starttls = true,
                "8BITMIME" => offered.eight_bit_mime = true,
                "SMTPUTF8" => offered.smtputf8 = true,
                "PIPELINING" => offered.pipelining = true,
                "SIZE" => {
                    let limit = words.next().and_then(|limit| limit.parse().ok());
                    // Zero means that no limit is in force.
                    offered.size = Some(limit.filter(|&limit: &u64| limit > 0));
                }
                "AUTH" => {
                    for mechanism in words.map(str::to_ascii_uppercase) {
                        if !offered.auth.contains(&mechanism) {
                            offered.auth.push(mechanism);
                        }
                    }
                }
                _ => {}
            }
        }
        offered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_read_whatever_their_case() {
        let lines = [
            "relay.example hello",
            "size 1000",
            "starttls",
            "AUTH=LOGIN ntlm",
            "AUTH NTLM gss-spnego",
            "8bitmime",
            "Pipelining",
        ];
        let offered = Capabilities::parse(&Reply {
            code: 250,
            lines: lines.map(str::to_owned).to_vec(),
        });
        assert_eq!(
            offered,
            Capabilities {
                starttls: true,
                size: Some(Some(1000)),
                eight_bit_mime: true,
                smtputf8: false,
                pipelining: true,
                auth: ["LOGIN", "NTLM", "GSS-SPNEGO"].map(str::to_owned).to_vec(),
            }
        );
    }

    #[test]
    fn the_greeting_line_offers_nothing() {
        let lines = ["STARTTLS", "SIZE 0"].map(str::to_owned).to_vec();
        let offered = Capabilities::parse(&Reply { code: 250, lines });
        assert!(!offered.starttls);
        assert_eq!(offered.size, Some(None));
    }
}
