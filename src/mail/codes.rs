//! The Send Mail task's codes, as the Integration Services error and message reference lists them.

use std::fmt;

/// A code with its symbol and Microsoft's text for it; `%1` and `%2` stand for the names in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The number; the first hexadecimal digit is `C` for errors and `8` for warnings.
    pub number: u32,
    /// The symbolic name.
    pub symbol: &'static str,
    /// The text.
    pub text: &'static str,
}

impl Code {
    /// The text with the names put in place of `%1`, `%2`.
    pub fn fill(&self, names: &[&str]) -> String {
        let mut text = self.text.to_owned();
        for (place, name) in names.iter().enumerate() {
            text = text.replace(&format!("%{}", place + 1), name);
        }
        text
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X}", self.number)
    }
}

macro_rules! codes {
    ($($name:ident = $number:literal $symbol:literal $text:literal;)*) => {
        /// The codes by the gist of their symbols.
        #[allow(missing_docs, reason = "the symbol and the text say it")]
        impl Code {
            $(pub const $name: Code = Code { number: $number, symbol: $symbol, text: $text };)*
        }
    };
}

codes! {
    RECIPIENT_EMPTY = 0xC002_91C3 "DTS_E_SENDMAILTASK_RECIPIENT_EMPTY" "No recipient is specified.";
    SERVER_NOT_SPECIFIED = 0xC002_91C4 "DTS_E_SENDMAILTASK_SMTP_SERVER_NOT_SPECIFIED" "The Simple Mail Transfer Protocol (SMTP) server is not specified. Provide a valid name or IP address of the SMTP server.";
    WRONG_XML_ELEMENT = 0xC002_91C5 "DTS_E_SENDMAILTASK_TASK_INITIALIZATION_WITH_WRONG_XML_ELEMENT" "Send Mail task is initiated with an incorrect XML element.";
    INVALID_ATTACHMENT = 0xC002_91CB "DTS_E_SENDMAILTASK_INVALIDATTACHMENT" "Either the file \"%1\" does not exist or you do not have permissions to access the file.";
    CHECK_VALID_SERVER = 0xC002_91CD "DTS_E_SENDMAILTASK_CHECK_VALID_SMTP_SERVER" "Verify that the Simple Mail Transfer Protocol (SMTP) server specified is valid.";
    CONNECTION_NOT_FILE = 0xC002_91CE "DTS_E_SENDMAILTASK_CONNECTIONTYPENOTFILE" "Connection \"%1\" is not of type File.";
    FILE_DOES_NOT_EXIST = 0xC002_91CF "DTS_E_SENDMAILTASK_FILEDOESNOTEXIST" "On operation \"%1\", file \"%2\" does not exist.";
    VARIABLE_NOT_STRING = 0xC002_91D0 "DTS_E_SENDMAILTASK_VARIABLETYPEISNOTSTRING" "Variable \"%1\" is not of type string.";
    CONNECTION_NOT_SMTP = 0xC002_91D1 "DTS_E_SENDMAILTASK_CONNECTIONTYPENOTSMTP" "Connection \"%1\" is not of type SMTP.";
    CONNECTION_EMPTY = 0xC002_91D2 "DTS_E_SENDMAILTASK_CONNMNGRNULL" "Connection \"%1\" is empty.";
    NO_CONNECTION = 0xC002_91D3 "DTS_E_SENDMAILTASK_NOCONNMNGR" "The specified connection \"%1\" does not exist.";
    SUBJECT_MISSING = 0x8002_91C6 "DTS_W_SENDMAILTASK_SUBJECT_MISSING" "The subject is empty.";
    ERROR_IN_TO = 0x8002_91C7 "DTS_W_SENDMAILTASK_ERROR_IN_TO_LINE" "The address in the \"To\" line is malformed. It is either missing the \"@\" symbol or is not valid.";
    ERROR_IN_FROM = 0x8002_91C8 "DTS_W_SENDMAILTASK_AT_MISSING_IN_FROM" "The address in the \"From\" line is malformed. It is either missing the \"@\" symbol or is not valid.";
    ERROR_OCCURRED = 0xC002_F304 "DTS_E_ERROROCCURREDWITHFOLLOWINGMESSAGE" "An error occurred with the following error message: \"%1\".";
    CONNECTION_NOT_FOUND = 0xC001_000E "DTS_E_CONNECTIONNOTFOUND" "The connection \"%1\" is not found.";
    LOCK_VARIABLE = 0xC001_4054 "DTS_E_LOCKVARIABLEFORREAD" "Failed to lock variable \"%1\" for read access.";
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn a_code_is_shown_as_dtexec_prints_it() {
        assert_eq!(Code::RECIPIENT_EMPTY.to_string(), "0xC00291C3");
        // The decimal numbers of the same reference.
        assert_eq!(Code::RECIPIENT_EMPTY.number as i32, -1_073_573_437);
        assert_eq!(Code::NO_CONNECTION.number as i32, -1_073_573_421);
        assert_eq!(Code::SUBJECT_MISSING.number as i32, -2_147_315_258);
        assert_eq!(Code::ERROR_OCCURRED.number as i32, -1_073_548_540);
    }
}
