//! A real browser: headless Chromium, driven over WebDriver by the chromedriver of the machine.

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A browser with an empty profile; ends with the value.
pub(crate) struct Browser {
    client: Client,
    driver: Child,
    profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one; none, said aloud, where the machine has no Chromium with its driver.
    pub(crate) async fn start() -> Option<Self> {
        let spawned = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut driver) = spawned else {
            eprintln!(
                "SKIPPED: chromedriver is not on this machine; apt-get install chromium chromium-driver"
            );
            return None;
        };
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let started = lines
            .map_while(Result::ok)
            .find(|line| line.contains("started successfully"));
        let port = started
            .unwrap()
            .rsplit(' ')
            .next()
            .unwrap()
            .trim_end_matches('.')
            .to_owned();
        let profile = tempfile::tempdir().unwrap();
        let mut args: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--window-size=900,1100",
        ]
        .map(str::to_owned)
        .to_vec();
        args.push(format!("--user-data-dir={}", profile.path().display()));
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), json!({"args": args}));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Some(Self {
            client,
            driver,
            profile,
        })
    }

    pub(crate) async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Types into the field of this id.
    pub(crate) async fn fill(&self, id: &str, text: &str) {
        let field = self.client.find(Locator::Id(id)).await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Presses the button with this text and waits for the page that follows.
    pub(crate) async fn press(&self, text: &str) {
        let path = format!("//button[normalize-space()='{text}']");
        self.client
            .find(Locator::XPath(&path))
            .await
            .unwrap()
            .click()
            .await
            .unwrap();
    }

    /// Waits until the page's heading holds these words.
    pub(crate) async fn see(&self, heading: &str) {
        self.wait_for("h1", heading).await;
    }

    /// Waits until the page complains in these words.
    pub(crate) async fn see_fault(&self, words: &str) {
        self.wait_for("*[@role='alert']", words).await;
    }

    async fn wait_for(&self, element: &str, words: &str) {
        let path = format!("//{element}[contains(., \"{words}\")]");
        let wait = self.client.wait().at_most(Duration::from_secs(20));
        let found = wait.for_element(Locator::XPath(&path)).await;
        assert!(found.is_ok(), "no {words:?} in: {}", self.text().await);
    }

    /// The visible text of the page.
    pub(crate) async fn text(&self) -> String {
        self.client
            .find(Locator::Css("body"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    }

    /// An attribute of the element with this id.
    pub(crate) async fn attribute(&self, id: &str, name: &str) -> Option<String> {
        self.client
            .find(Locator::Id(id))
            .await
            .unwrap()
            .attr(name)
            .await
            .unwrap()
    }

    /// Ends browser and driver.
    pub(crate) async fn stop(self) {
        self.client.clone().close().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver takes its browser along; both may be gone already.
        self.driver.kill().ok();
        self.driver.wait().ok();
        debug_assert!(self.profile.path().is_absolute());
    }
}
