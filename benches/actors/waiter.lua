process.inbox():receive()
