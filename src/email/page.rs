//! A page behind a link of a mail: a title, a sentence, maybe a button.

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// Nothing but the page's own form.
pub const OWN_FORM: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                            base-uri 'none'; frame-ancestors 'none'";

/// The page's own form, which leads to Stripe.
pub const FORM_TO_STRIPE: &str = "default-src 'none'; style-src 'unsafe-inline'; \
                                  form-action 'self' https:; base-uri 'none'; \
                                  frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "pages/mail.html")]
pub struct Page<'a> {
    pub title: &'a str,
    pub text: &'a str,
    pub button: Option<&'a str>,
}

impl Page<'_> {
    /// The page under one of the policies.
    pub fn response(&self, status: StatusCode, policy: &'static str) -> Response {
        let html = self.render().unwrap_or_else(|error| {
            tracing::error!("a template failed: {error}");
            String::new()
        });
        let headers: [(HeaderName, HeaderValue); 4] = [
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            // The token stands in the address.
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        (status, headers, Html(html)).into_response()
    }
}
