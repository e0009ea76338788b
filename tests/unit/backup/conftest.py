"""Share schemas: these tests open stores of their own or restore backups."""

from tests.support.kept_schemas import keep_schemas

keep_schemas()
