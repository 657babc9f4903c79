"""The pages of people without an account: home, applications, help, certificate check. May ask every app."""
