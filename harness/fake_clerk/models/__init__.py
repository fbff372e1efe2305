"""What Clerk knows: its objects, their JSON forms and their rules.

One module for each kind of object. A model knows nothing of HTTP: `operations` reads requests, asks the models and answers.
`directory` keeps users, sessions and organizations, and reports every change of them.
"""
