"""Workers: processes that train for a job, several at a time.

Only the job decides what is trained, and stores. A worker gets a message, and returns what its
training gives; see `messages`.
"""
