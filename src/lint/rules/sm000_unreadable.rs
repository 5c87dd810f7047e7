//! SM000: a file that cannot be read.

use crate::lint::finding::{Finding, Spot};
use crate::lint::rule::{Confidence, rule};
use crate::project::{ReadError, Reason};
use crate::xml::Place;

rule! {
    /// A file cannot be read
    ///
    /// ## What it does
    /// Reports files that are not well-formed, hold bytes that are no text, are larger than a limit, or are not what
    /// their extension says. All other files are judged; the exit code is 3.
    ///
    /// ## Why it matters
    /// dtexec and Visual Studio cannot load such a file either. What no one can read no rule has judged.
    ///
    /// ## Example
    /// ```xml
    /// <DTS:Executable xmlns:DTS="www.microsoft.com/SqlServer/Dts">
    ///   <DTS:Property DTS:Name="PackageFormatVersion">8</DTS:Property>
    /// ```
    ///
    /// ## Instead
    /// Restore the file from version control. Where a merge has damaged it, take one side and save it in the designer.
    ///
    /// ## References
    /// - Package format: <https://learn.microsoft.com/en-us/openspecs/sql_data_portability/ms-dtsx2/>
    SM000 "unreadable" {
        category: Failure,
        severity: Error,
        tier: First,
        since: "0.1.0",
        check: Engine,
    }
}

/// What could not be read as a finding.
pub(in crate::lint) fn finding(error: &ReadError) -> Finding {
    let place = match &error.reason {
        Reason::Xml(xml) => Some(Place {
            start: xml.offset,
            end: xml.offset,
            from: xml.place,
            to: xml.place,
            decrypted: false,
        }),
        _ => None,
    };
    Finding {
        rule: &RULE,
        severity: RULE.severity,
        confidence: Confidence::High,
        message: error.reason.to_string(),
        file: error.label.clone(),
        path: String::new(),
        object: String::new(),
        property: String::new(),
        id: None,
        occurrence: 0,
        spot: place.map(|place| Spot {
            place,
            excerpt: None,
        }),
        related: Vec::new(),
        fix: None,
    }
}
