//! Messages a second over one connection: composed and delivered by us, by a bare loop over lettre's `SmtpConnection`,
//! and by Python's `smtplib`, taken in turns in one run, to Postfix's `smtp-sink` where it is installed and else to a
//! sink inside the process. The ratio of the medians is the figure (targets: at least 0.80 of lettre, and ahead of
//! `smtplib`). `cargo bench --bench deliver`.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dtsx::host::{RealClock, RealFiles, RealRandom};
use dtsx::mail::deliver::{Server, Session, Status, Timeouts};
use dtsx::mail::{Limits, MailMessage, Tools, compose};
use lettre::Message;
use lettre::message::header::ContentType;
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::extension::ClientId;

const MESSAGES: usize = 1_000;
/// lettre sends a message and its final dot in two writes without `TCP_NODELAY`, so that on Linux the second waits some
/// 40 ms for the first to be acknowledged: fewer messages tell its rate as well.
const MESSAGES_OF_LETTRE: usize = 100;
const ROUNDS: usize = 3;
const BODY: &str = "The nightly load is finished.\nRows: 42\nAll is well.\n";
const RECIPIENTS: [&str; 2] = ["ops@corp.example", "lead@corp.example"];

const SMTPLIB: &str = r#"
import smtplib, sys, time
from email.message import EmailMessage
client = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
client.ehlo()
begun = time.monotonic()
for number in range(int(sys.argv[2])):
    message = EmailMessage()
    message["From"] = "etl@corp.example"
    message["To"] = "ops@corp.example, lead@corp.example"
    message["Subject"] = "load finished"
    message.set_content("The nightly load is finished.\nRows: 42\nAll is well.\n")
    client.send_message(message)
print(time.monotonic() - begun)
client.quit()
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let sink = Sink::start()?;
    let python = Command::new("python3").arg("--version").output().is_ok();
    let (mut ours, mut lettre, mut smtplib) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(by_us(sink.port)?);
        lettre.push(by_lettre(sink.port)?);
        if python {
            smtplib.push(by_smtplib(sink.port)?);
        }
    }
    let rate = |count: usize, times| count as f64 / median(times).as_secs_f64();
    let (ours, lettre) = (rate(MESSAGES, ours), rate(MESSAGES_OF_LETTRE, lettre));
    #[allow(clippy::print_stdout)]
    {
        println!(
            "{MESSAGES} messages to {}, median of {ROUNDS} rounds",
            sink.name
        );
        println!("dtsx:    {ours:>8.0} messages/s");
        println!("lettre:  {lettre:>8.0} messages/s");
        println!("ratio:   {:.2} (target: at least 0.80)", ours / lettre);
        if python {
            let smtplib = rate(MESSAGES, smtplib);
            println!("smtplib: {smtplib:>8.0} messages/s");
            println!("ratio:   {:.2} (target: above 1)", ours / smtplib);
        }
    }
    Ok(())
}

fn by_us(port: u16) -> Result<Duration, Box<dyn Error>> {
    let tools = Tools {
        files: &RealFiles,
        clock: &RealClock,
        random: &RealRandom,
        limits: Limits::default(),
    };
    let server = Server::new("127.0.0.1", port);
    let mut session = Session::new(server, "etl01.corp.example".to_owned(), Timeouts::default());
    let message = MailMessage {
        from: "etl@corp.example".to_owned(),
        to: RECIPIENTS.join(";"),
        subject: "load finished".to_owned(),
        body: BODY.to_owned(),
        ..MailMessage::default()
    };
    // Connected before the clock runs, as the others are.
    let first = compose(&message, tools)?;
    session.deliver_persistently(&first.envelope, first.size(), &mut || {
        Box::new(first.reader(&RealFiles))
    });
    let begun = Instant::now();
    for _ in 0..MESSAGES {
        let composed = compose(&message, tools)?;
        let outcome =
            session.deliver_persistently(&composed.envelope, composed.size(), &mut || {
                Box::new(composed.reader(&RealFiles))
            });
        if outcome.status != Status::Sent {
            return Err(outcome.reason.unwrap_or_default().into());
        }
    }
    let took = begun.elapsed();
    session.quit();
    Ok(took)
}

fn by_lettre(port: u16) -> Result<Duration, Box<dyn Error>> {
    let hello = ClientId::Domain("etl01.corp.example".to_owned());
    let timeout = Some(Duration::from_secs(100));
    let mut connection = SmtpConnection::connect(("127.0.0.1", port), timeout, &hello, None, None)?;
    let begun = Instant::now();
    for _ in 0..MESSAGES_OF_LETTRE {
        let mut builder = Message::builder()
            .from("etl@corp.example".parse()?)
            .subject("load finished")
            .message_id(None)
            .header(ContentType::TEXT_PLAIN);
        for recipient in RECIPIENTS {
            builder = builder.to(recipient.parse()?);
        }
        let message = builder.body(BODY.to_owned())?;
        connection.send(message.envelope(), &message.formatted())?;
    }
    let took = begun.elapsed();
    connection.quit()?;
    Ok(took)
}

fn by_smtplib(port: u16) -> Result<Duration, Box<dyn Error>> {
    let output = Command::new("python3")
        .args(["-c", SMTPLIB, &port.to_string(), &MESSAGES.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    let seconds: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(Duration::from_secs_f64(seconds))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// A server that takes everything.
struct Sink {
    name: &'static str,
    port: u16,
    child: Option<Child>,
}

impl Sink {
    fn start() -> Result<Sink, Box<dyn Error>> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        // As root it gives its rights away.
        let program = ["smtp-sink", "/usr/sbin/smtp-sink"]
            .into_iter()
            .find(|program| Command::new(program).arg("-?").output().is_ok());
        let Some(program) = program else {
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    std::thread::spawn(move || swallow(&stream));
                }
            });
            return Ok(Sink {
                name: "a sink inside the process",
                port,
                child: None,
            });
        };
        drop(listener);
        let child = Command::new(program)
            .args(["-u", "nobody", &format!("127.0.0.1:{port}"), "100"])
            .stderr(Stdio::null())
            .spawn()?;
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Sink {
            name: "smtp-sink",
            port,
            child: Some(child),
        })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn swallow(mut stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    stream.write_all(b"220 sink\r\n").ok()?;
    let mut in_message = false;
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let verb = line.get(..4).unwrap_or_default();
        let reply: &[u8] = match (in_message, verb) {
            (true, _) if line == ".\r\n" => b"250 taken\r\n",
            (true, _) => continue,
            (false, "EHLO") => b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
            (false, "DATA") => b"354 go on\r\n",
            (false, "QUIT") => b"221 bye\r\n",
            (false, _) => b"250 ok\r\n",
        };
        in_message = verb == "DATA" && !in_message;
        stream.write_all(reply).ok()?;
    }
}
