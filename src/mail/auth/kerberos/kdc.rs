//! One exchange with a server that gives tickets, over TCP (RFC 4120 section 7.2.2).

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::source::visible;

/// No answer is longer: tickets of accounts in many groups come to some ten thousand bytes.
const LONGEST_ANSWER: u32 = 1 << 20;

/// Where tickets are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kdc {
    pub(super) host: String,
    pub(super) port: u16,
}

impl Kdc {
    /// Sends a request, which begins with its length, and gives the answer with its length before it.
    ///
    /// # Errors
    ///
    /// A sentence that names the server and what went wrong.
    pub(super) fn ask(&self, request: &[u8], until: Instant) -> Result<Vec<u8>, String> {
        self.exchange(request, until).map_err(|error| {
            let why = match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                    "no answer within the time of the delivery".to_owned()
                }
                io::ErrorKind::UnexpectedEof => "it closed the connection".to_owned(),
                _ => error.to_string(),
            };
            format!(
                "the server for tickets `{}`, port {}: {why}",
                visible(&self.host),
                self.port
            )
        })
    }

    fn exchange(&self, request: &[u8], until: Instant) -> io::Result<Vec<u8>> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in (self.host.as_str(), self.port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, left(until)?) {
                Ok(mut stream) => {
                    stream.set_write_timeout(Some(left(until)?))?;
                    stream.write_all(request)?;
                    return answer(&mut stream, until);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

fn answer(stream: &mut TcpStream, until: Instant) -> io::Result<Vec<u8>> {
    let mut answer = vec![0; 4];
    fill(stream, &mut answer, until)?;
    let length = answer.get(..4).and_then(|it| <[u8; 4]>::try_from(it).ok());
    let length = length.map_or(0, u32::from_be_bytes);
    if length > LONGEST_ANSWER {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it claims an answer of {length} bytes"),
        ));
    }
    let mut left = usize::try_from(length).unwrap_or_default();
    // Grows with what comes, not with what is claimed.
    while left > 0 {
        let mut piece = vec![0; left.min(16 << 10)];
        fill(stream, &mut piece, until)?;
        left -= piece.len();
        answer.append(&mut piece);
    }
    Ok(answer)
}

fn fill(stream: &mut TcpStream, mut bytes: &mut [u8], until: Instant) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.set_read_timeout(Some(left(until)?))?;
        match stream.read(bytes) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => bytes = bytes.get_mut(read..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(io::ErrorKind::TimedOut.into())
    } else {
        Ok(left)
    }
}
