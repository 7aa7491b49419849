"""Recording: the collector on the bot's road, the sampler beside it."""
