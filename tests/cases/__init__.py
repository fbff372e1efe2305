"""Small backends that the harness once judged wrongly, written anew, and others that are like them: each with its right value."""
