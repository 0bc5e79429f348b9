# Sends standard input to bob@example.com with smtplib: HOST PORT [USER PASSWORD MECHANISM], or "utf8" for a recipient
# and a sender that need SMTPUTF8.
import smtplib
import sys

host, port, *how = sys.argv[1:]
message = sys.stdin.buffer.read()
with smtplib.SMTP(host, int(port), local_hostname="client.example.net") as client:
    if how == ["utf8"]:
        client.ehlo_or_helo_if_needed()
        refused = client.sendmail("älice@example.net", "böb@example.com", message, ["SMTPUTF8", "BODY=8BITMIME"])
    else:
        if how:
            user, password, mechanism = how
            client.ehlo()
            client.user, client.password = user, password
            authobject = getattr(client, "auth_" + mechanism.lower().replace("-", "_"))
            client.auth(mechanism, authobject)
        refused = client.sendmail("alice@example.net", "bob@example.com", message)
sys.exit(len(refused))
