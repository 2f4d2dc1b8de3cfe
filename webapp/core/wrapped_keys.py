"""Keys of stored files, kept in the database wrapped by a master key; to delete one is to erase its files."""

from __future__ import annotations

import uuid
from abc import abstractmethod

from django.db import models

from webapp.core import master_keys


class WrappedKey(models.Model):
    """A key under which files lie encrypted, wrapped by a master key. master: the name of that one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    wrapped = models.BinaryField(max_length=60)
    master = models.CharField(max_length=16, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True

    @property
    @abstractmethod
    def study_id(self) -> int | None:
        """Return the number of the study whose files it opens."""


_KINDS: list[type[WrappedKey]] = []


def register_keys(model: type[WrappedKey]) -> None:
    """Have the keys of an app wrapped anew, and missed, with those of the others."""
    _KINDS.append(model)


def kinds_of_keys() -> tuple[type[WrappedKey], ...]:
    return tuple(_KINDS)


def encrypts() -> bool:
    """Return whether what is stored from now on is encrypted."""
    return bool(master_keys.master_keys())


def seal(key: WrappedKey) -> None:
    """Draw a new key, wrap it by the first master key and save it. Call inside a transaction."""
    master = master_keys.master_keys()[0]
    key.master = master_keys.name_of(master)
    key.wrapped = master_keys.wrap(master_keys.new_key(), master=master, owner=key.pk)
    key.save(force_insert=True)


def opened(key: WrappedKey) -> bytes:
    """Return the key itself. Raises MediaLocked."""
    return master_keys.unwrap(bytes(key.wrapped), master_name=key.master, owner=key.pk)
