"""Secrets that sign webhooks: sealed in the rows of their automations."""

from sqlalchemy import Connection, select, update

from nbyard.store.automations.queries import AutomationRow
from nbyard.store.credentials.queries import ANY_SEALED
from nbyard.store.credentials.vault import Vault
from nbyard.store.schema.automation_tables import automations

S = automations.c
FIELD = "secret"


class AutomationSecretRows:
    """Encrypts and decrypts the secrets of webhooks."""

    def __init__(self, vault: Vault):
        self._vault = vault

    def seal(self, c: Connection, owner: str, automation_id: str, secret: str) -> str:
        """Return the value of the column for a new secret.

        Raises:
            StoreUnusable: other secrets were sealed with a key, but there is no key here.
        """
        sealed_before = c.execute(ANY_SEALED).scalar() or ""
        return self._vault.seal(owner, automation_id, {FIELD: secret}, sealed_before)

    def secret(self, row: AutomationRow) -> str:
        """Return the secret of a webhook.

        Raises:
            StoreUnusable: the encryption key is missing.
            Conflict: the sealed text was changed outside of nbyard.
        """
        automation = row.automation
        return self._vault.open(automation.owner, automation.id, row.secret)[FIELD]

    def reseal_all(self, c: Connection, owner: str) -> int:
        """Encrypt the owner's secrets with older keys again.

        They get the newest key. Return their number.
        """
        query = select(S.id, S.secret).where(S.owner == owner, S.secret != "")
        count = 0
        for row in c.execute(query).all():
            if sealed := self._vault.resealed(owner, row.id, row.secret):
                c.execute(update(automations).where(S.id == row.id).values(secret=sealed))
                count += 1
        return count
