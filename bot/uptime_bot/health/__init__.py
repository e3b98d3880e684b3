"""Pure decisions about the bot's health: a Sample is judged into a Verdict, a Verdict is answered by Remedies."""
