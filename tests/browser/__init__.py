"""The teller's and the authorizer's page in a real browser, before a stand-in agent."""
