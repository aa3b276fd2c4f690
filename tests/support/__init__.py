"""What the tests share: clients, servers, databases, and the settings and URLs of other projects."""
