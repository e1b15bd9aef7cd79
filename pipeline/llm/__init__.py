"""Model servers: the only package that imports the openai SDK. Client, retry, tokens, prices."""
