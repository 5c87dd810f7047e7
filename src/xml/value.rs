//! Values of attributes and elements, decoded with their places.

use crate::source::{Decoded, DecodedBuilder, Span};

use super::characters::reference;

/// Decodes what stands between the quotes of an attribute.
///
/// References are replaced, and each white space character is a blank (Extensible Markup Language 1.0, section
/// 3.3.3); a CR LF is one line end, and so one blank (section 2.11).
pub(super) fn decode_attribute(raw: &str, start: u32) -> Decoded<'_> {
    if !raw
        .bytes()
        .any(|b| matches!(b, b'&' | b'\t' | b'\n' | b'\r'))
    {
        return Decoded::verbatim(raw, start);
    }
    let mut value = DecodedBuilder::new(raw, start);
    loop {
        let rest = value.rest();
        let Some(plain) = rest
            .bytes()
            .position(|b| matches!(b, b'&' | b'\t' | b'\n' | b'\r'))
        else {
            value.verbatim(rest.len());
            break;
        };
        value.verbatim(plain);
        let rest = value.rest();
        if rest.starts_with('&') {
            decode_reference(&mut value);
        } else if rest.starts_with("\r\n") {
            value.replaced(2, " ");
        } else {
            value.replaced(1, " ");
        }
    }
    value.finish()
}

/// Decodes the character data of an element whose content is `raw`; `children` are skipped.
pub(super) fn decode_content(
    raw: &str,
    start: u32,
    mut children: impl Iterator<Item = Span>,
) -> Decoded<'_> {
    if !raw.bytes().any(|b| matches!(b, b'&' | b'<' | b'\r')) {
        return Decoded::verbatim(raw, start);
    }
    let mut value = DecodedBuilder::new(raw, start);
    loop {
        let rest = value.rest();
        let Some(plain) = rest.bytes().position(|b| matches!(b, b'&' | b'<' | b'\r')) else {
            value.verbatim(rest.len());
            break;
        };
        value.verbatim(plain);
        let rest = value.rest();
        if rest.starts_with('&') {
            decode_reference(&mut value);
        } else if rest.starts_with('\r') {
            decode_line_end(&mut value);
        } else if rest.starts_with("<![CDATA[") {
            decode_cdata(&mut value);
        } else if rest.starts_with("<!--") {
            let end = rest.find("-->").map_or(rest.len(), |end| end + 3);
            value.replaced(end, "");
        } else if rest.starts_with("<?") {
            let end = rest.find("?>").map_or(rest.len(), |end| end + 2);
            value.replaced(end, "");
        } else {
            // A child element. The document is well-formed, so there is one for every other `<`.
            let skip = children
                .next()
                .map_or(rest.len(), |child| child.len() as usize);
            value.replaced(skip, "");
        }
    }
    value.finish()
}

fn decode_reference(value: &mut DecodedBuilder<'_>) {
    let rest = value.rest();
    let decoded = rest
        .find(';')
        .and_then(|end| Some((end, reference(rest.get(1..end)?)?)));
    match decoded {
        Some((end, c)) => value.replaced(end + 1, c.encode_utf8(&mut [0; 4])),
        // The parser refuses such a text.
        None => value.verbatim(1),
    }
}

fn decode_line_end(value: &mut DecodedBuilder<'_>) {
    if value.rest().starts_with("\r\n") {
        value.replaced(2, "\n");
    } else {
        value.replaced(1, "\n");
    }
}

fn decode_cdata(value: &mut DecodedBuilder<'_>) {
    value.replaced("<![CDATA[".len(), "");
    let mut left = value.rest().find("]]>").unwrap_or(value.rest().len());
    while left > 0 {
        let inside = value.rest().get(..left).unwrap_or_default();
        match inside.find('\r') {
            Some(plain) => {
                value.verbatim(plain);
                let before = value.taken();
                decode_line_end(value);
                left -= plain + (value.taken() - before);
            }
            None => {
                value.verbatim(left);
                left = 0;
            }
        }
    }
    let end = value.rest().len().min("]]>".len());
    value.replaced(end, "");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attribute_values() {
        let value = decode_attribute("a&#xA;b\r\nc\td&quot;", 10);
        assert_eq!(value.text, "a\nb c d\"");
        assert_eq!(value.raw_span(1..2), Span::new(11, 16));
        assert_eq!(value.raw_span(3..4), Span::new(17, 19));
        assert_eq!(value.raw_span(7..8), Span::new(22, 28));
    }

    #[test]
    fn content() {
        let raw = "a<b/>c<![CDATA[<\r\n>]]>&lt;<!-- - -->\r<?p?>z";
        let value = decode_content(raw, 0, [Span::new(1, 5)].into_iter());
        assert_eq!(value.text, "ac<\n><\nz");
        assert_eq!(value.raw_span(3..4), Span::new(16, 18));
        assert_eq!(value.raw(), Span::new(0, raw.len() as u32));
    }
}
