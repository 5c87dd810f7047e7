//! `dtsx probe` for people: a few lines for each server.

use std::io::{self, Write};

use crate::mail::deliver::{Offer, Trust};
use crate::report::json::probe::{LeftOutJson, ServerProbe, days_left};
use crate::source::visible;

use super::inspect::{count, write_wrapped};

/// Writes a server. `now` is in seconds from 1970 on.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_server(out: &mut dyn Write, server: &ServerProbe, now: i64) -> io::Result<()> {
    let used = match server.connections {
        Some(number) => format!("  ({})", count(number, "connection manager")),
        None => String::new(),
    };
    let host = visible(&server.host);
    let host = match host.contains(':') {
        true => format!("[{host}]"),
        false => host.into_owned(),
    };
    writeln!(out, "{host}:{}{used}", server.port)?;
    let probed = &server.probed;
    if let Some(banner) = &probed.banner {
        write_wrapped(out, 4, &format!("greeting     {}", visible(banner)))?;
    }
    for (when, offer) in [
        ("in clear", &probed.in_clear),
        ("under TLS", &probed.under_tls),
    ] {
        if let Some(offer) = offer {
            write_wrapped(out, 4, &format!("{when:<12} {}", offered(offer)))?;
            write_wrapped(out, 4, &format!("{:<12} AUTH {}", "", mechanisms(offer)))?;
        }
    }
    let versions = probed.versions.iter().rev();
    let versions: Vec<String> = versions
        .map(|(version, taken)| match taken {
            true => version.number().to_owned(),
            false => format!("not {}", version.number()),
        })
        .collect();
    let how = match server.tls() {
        Some("none") => Some("not offered".to_owned()),
        Some(how) => Some(format!("{how}; {}", versions.join(", "))),
        None if !versions.is_empty() => Some(versions.join(", ")),
        None => None,
    };
    if let Some(how) = how {
        write_wrapped(out, 4, &format!("TLS          {how}"))?;
    }
    if let Some(certificate) = &probed.certificate {
        let names = match certificate.names.is_empty() {
            true => certificate.subject.clone(),
            false => certificate.names.join(", "),
        };
        let until = certificate.not_after.split('T').next().unwrap_or_default();
        let left = match days_left(certificate, now) {
            days if days < 0 => "expired".to_owned(),
            days => format!(
                "{} left",
                count(usize::try_from(days).unwrap_or_default(), "day")
            ),
        };
        let line = format!("certificate  for {names}; until {until}, {left}");
        write_wrapped(out, 4, &line)?;
        match &certificate.trust {
            Trust::Trusted => write_wrapped(out, 4, "             trusted")?,
            Trust::Not(why) => write_wrapped(out, 4, &format!("             not trusted: {why}"))?,
        }
    }
    for fault in &probed.faults {
        write_wrapped(
            out,
            4,
            &format!("fault        {}: {}", fault.step, fault.reason),
        )?;
    }
    Ok(())
}

/// Writes what was not asked, and the last line.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_end(
    out: &mut dyn Write,
    servers: &[ServerProbe],
    left_out: &[LeftOutJson],
) -> io::Result<()> {
    for left in left_out {
        let line = format!(
            "not asked: {} in {}: {}",
            visible(&left.path),
            visible(&left.file),
            left.reason
        );
        write_wrapped(out, 0, &line)?;
    }
    let faulty = servers.iter().filter(|it| it.is_faulty()).count();
    let asked = count(servers.len(), "server");
    match faulty {
        0 => writeln!(out, "{asked}"),
        _ => writeln!(out, "{asked}, {faulty} with faults"),
    }
}

fn offered(offer: &Offer) -> String {
    let others = offer.extensions.iter().filter(|it| {
        let keyword = it.split([' ', '=']).next().unwrap_or_default();
        !keyword.eq_ignore_ascii_case("AUTH")
    });
    let others: Vec<&str> = others.map(String::as_str).collect();
    match others.is_empty() {
        true => "no extension".to_owned(),
        false => others.join(", "),
    }
}

fn mechanisms(offer: &Offer) -> String {
    let auth: Vec<String> = offer
        .auth
        .iter()
        .map(|it| visible(it).into_owned())
        .collect();
    match auth.is_empty() {
        true => "not offered".to_owned(),
        false => auth.join(" "),
    }
}
