//! Anything to a GUID, to bytes or to a BLOB.

use uuid::Uuid;

use super::super::code_page;
use super::super::error::Error;
use super::super::types::DataType;
use super::super::value::Data;
use super::{failed, unproven, within};

pub(super) fn to_binary(data: Data, from: DataType, to: DataType) -> Result<Data, Error> {
    match (to, data) {
        (DataType::Guid, Data::Guid(id)) => Ok(Data::Guid(id)),
        (DataType::Guid, Data::Text(text)) => {
            let id = guid(&text).ok_or_else(|| {
                failed(from, to).with_help("a GUID is written `{00000000-0000-0000-0000-000000000000}`, with or without braces")
            })?;
            Ok(Data::Guid(id))
        }
        (DataType::Guid, Data::Bytes(bytes)) => {
            let bytes = bytes
                .try_into()
                .map_err(|_| failed(from, to).with_help("a GUID has 16 bytes"))?;
            Ok(Data::Guid(Uuid::from_bytes_le(bytes)))
        }
        (DataType::Bytes { length }, data) => {
            let bytes = match data {
                Data::Bytes(bytes) => bytes,
                Data::Guid(id) => id.to_bytes_le().to_vec(),
                Data::Text(text) => hexadecimal(&text).ok_or_else(|| {
                    failed(from, to).with_help("bytes are written as pairs of hexadecimal digits")
                })?,
                _ => return Err(unproven(from, to)),
            };
            within(bytes.len(), length, to)?;
            Ok(Data::Bytes(bytes))
        }
        (DataType::Image, Data::Bytes(bytes)) => Ok(Data::Bytes(bytes)),
        (DataType::Text { code_page }, Data::Text(text)) => {
            code_page::encode(&text, code_page)?;
            Ok(Data::Text(text))
        }
        (DataType::Ntext, Data::Text(text)) => Ok(Data::Text(text)),
        _ => Err(unproven(from, to)),
    }
}

fn guid(text: &str) -> Option<Uuid> {
    let text = text.trim_matches(' ');
    let inner = text
        .strip_prefix('{')
        .and_then(|inner| inner.strip_suffix('}'))
        .unwrap_or(text);
    // Only the form with hyphens; `uuid` would also take others.
    (inner.len() == 36)
        .then(|| Uuid::try_parse(inner).ok())
        .flatten()
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|&[high, low]| {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            u8::try_from(digit(high)? * 16 + digit(low)?).ok()
        })
        .collect()
}
