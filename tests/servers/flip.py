"""Stands between a client and a server in clear, and flips one bit of what the client proves itself with.

    flip.py PORT SERVER_PORT ntlm|kerberos

`ntlm`: one bit of the code over the three messages (MIC), in the third of them. `kerberos`: one bit in the last bytes
of the first token, which the ticket's key protects.
"""

import base64
import socket
import sys
import threading

PORT, SERVER_PORT, KIND = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
MIC = 72


def flipped(line):
    word = line.split()[-1] if line.split() else b""
    try:
        token = bytearray(base64.b64decode(word, validate=True))
    except ValueError:
        return line
    if KIND == "ntlm" and token.startswith(b"NTLMSSP\0\x03\0\0\0"):
        token[MIC] ^= 1
    elif KIND == "kerberos" and len(token) > 200:
        token[-5] ^= 1
    else:
        return line
    return line.replace(word, base64.b64encode(token))


def serve(client):
    server = socket.create_connection(("127.0.0.1", SERVER_PORT), timeout=20)
    client.settimeout(20)

    def back():
        try:
            while chunk := server.recv(65536):
                client.sendall(chunk)
        except OSError:
            pass
        finally:
            client.close()

    threading.Thread(target=back, daemon=True).start()
    try:
        for line in client.makefile("rb"):
            server.sendall(flipped(line))
    except OSError:
        pass
    server.close()


listener = socket.create_server(("127.0.0.1", PORT))
print("ready", flush=True)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
