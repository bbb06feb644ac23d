//! The tokens of a statement, one after the other.

use sqlparser::{
    dialect::DatabricksDialect,
    tokenizer::{Location, Token, TokenWithSpan, Tokenizer},
};

use super::DdlError;

/// A place in the tokens of a statement.
pub(super) struct Cursor {
    tokens: Vec<TokenWithSpan>,
    at: usize,
}

impl Cursor {
    pub(super) fn new(sql: &str) -> Result<Self, DdlError> {
        let tokens = Tokenizer::new(&DatabricksDialect, sql)
            .tokenize_with_location()
            .map_err(|error| statement_error(error.location, error.message))?;
        let tokens = tokens.into_iter().flat_map(split_brackets).collect();
        Ok(Self { tokens, at: 0 })
    }

    pub(super) fn at_end(&self) -> bool {
        self.at == self.tokens.len()
    }

    /// Whether the token that comes `ahead` of this one reads like `symbol`.
    pub(super) fn is(&self, ahead: usize, symbol: &str) -> bool {
        self.peek(ahead)
            .is_some_and(|token| !matches!(token, Token::Word(_)) && token.to_string() == symbol)
    }

    /// Whether the token that comes `ahead` of this one is this keyword, in any case.
    pub(super) fn is_word(&self, ahead: usize, keyword: &str) -> bool {
        matches!(
            self.peek(ahead),
            Some(Token::Word(word)) if word.quote_style.is_none()
                && word.value.eq_ignore_ascii_case(keyword)
        )
    }

    pub(super) fn take(&mut self, symbol: &str) -> bool {
        let found = self.is(0, symbol);
        self.at += usize::from(found);
        found
    }

    pub(super) fn take_word(&mut self, keyword: &str) -> bool {
        let found = self.is_word(0, keyword);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Result<(), DdlError> {
        if self.take(symbol) {
            Ok(())
        } else {
            Err(self.expected(symbol))
        }
    }

    pub(super) fn expect_word(&mut self, keyword: &str) -> Result<(), DdlError> {
        if self.take_word(keyword) {
            Ok(())
        } else {
            Err(self.expected(keyword))
        }
    }

    /// A name, with or without back-ticks.
    pub(super) fn identifier(&mut self, what: &str) -> Result<String, DdlError> {
        match self.peek(0) {
            Some(Token::Word(word)) => {
                let name = word.value.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.expected(what)),
        }
    }

    /// A whole number.
    pub(super) fn number<N: std::str::FromStr>(&mut self, what: &str) -> Result<N, DdlError> {
        let number = match self.peek(0) {
            Some(Token::Number(digits, _)) => digits.parse().ok(),
            _ => None,
        };
        match number {
            Some(number) => {
                self.at += 1;
                Ok(number)
            }
            None => Err(self.expected(what)),
        }
    }

    /// Steps over one token, or over everything between two brackets. False at the end.
    pub(super) fn skip(&mut self) -> bool {
        let mut depth = 0_usize;
        loop {
            if self.at_end() {
                return false;
            }
            if self.is(0, "(") {
                depth += 1;
            } else if self.is(0, ")") {
                depth = depth.saturating_sub(1);
            }
            self.at += 1;
            if depth == 0 {
                return true;
            }
        }
    }

    /// Steps to the next comma of the list, or to its end.
    pub(super) fn skip_item(&mut self) {
        while !self.is(0, ",") && !self.is(0, ")") && self.skip() {}
    }

    /// An error about the token that is next.
    pub(super) fn error(&self, message: impl Into<String>) -> DdlError {
        let span = self.tokens.get(self.at).or(self.tokens.last());
        let location = span.map_or(Location::new(1, 1), |token| token.span.start);
        statement_error(location, message.into())
    }

    fn expected(&self, what: &str) -> DdlError {
        match self.peek(0) {
            Some(found) => self.error(format!("{what} is expected, not {found}")),
            None => self.error(format!("{what} is expected, but the statement ends")),
        }
    }

    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|token| &token.token)
    }
}

/// `ARRAY<ARRAY<INT>>` ends in two brackets, not in a shift. Blanks and comments say nothing.
fn split_brackets(token: TokenWithSpan) -> Vec<TokenWithSpan> {
    let as_token = |token_kind| TokenWithSpan {
        token: token_kind,
        span: token.span,
    };
    match token.token {
        Token::Whitespace(_) | Token::EOF => Vec::new(),
        Token::ShiftRight => vec![as_token(Token::Gt), as_token(Token::Gt)],
        _ => vec![token],
    }
}

fn statement_error(location: Location, message: String) -> DdlError {
    DdlError::Statement {
        line: location.line,
        column: location.column,
        message,
    }
}
