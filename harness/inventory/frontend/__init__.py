"""A front end in JavaScript or TypeScript, read by its syntax trees: where it keeps credentials, and how it sends them."""
