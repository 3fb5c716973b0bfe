"""What the page sees beside the frames: pictures of one moment of a descent, as messages."""
