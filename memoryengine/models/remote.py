"""What the models at a SiliconFlow-like endpoint share: settings, a key that shows nowhere, and the connection."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr

from .endpoint import Endpoint
from .failures import Asked, endpoint_url
from .retry import REAL, Effects, Limits
from .specs import MAX_CHARS, SILICONFLOW


class RemoteModel(BaseModel):
    """The part of a LlamaIndex component that asks an endpoint; `api_base` is its base or its full address."""

    KIND: ClassVar[str]
    """What errors call the model."""
    PATH: ClassVar[str]
    """Where the endpoint lies below its base address."""

    api_key: SecretStr = Field(description="The key of the service.", exclude=True)
    # not shown, because an address may hold a password
    api_base: str = Field(default=SILICONFLOW, description="The base or the full address.", repr=False)
    max_chars: int = Field(default=MAX_CHARS, description="Characters of a text sent at once.", gt=0)
    key_setting: str = Field(default="api_key", description="What errors call the key's setting.")
    limits: Limits = Field(default_factory=Limits, exclude=True)
    effects: Effects = Field(default=REAL, exclude=True, repr=False)
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    _endpoint: Endpoint = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Open nothing yet; connections are made by the first call."""
        super().model_post_init(context)
        self._endpoint = Endpoint(self._asked, self.limits, self.effects)

    @property
    def name(self) -> str:
        """The model's name."""
        raise NotImplementedError

    async def close(self) -> None:
        """Give the running event loop's connections back."""
        await self._endpoint.aclose()

    @property
    def _asked(self) -> Asked:
        url = endpoint_url(self.api_base, self.PATH)
        return Asked(self.KIND, self.name, url, self.key_setting, self.api_key.get_secret_value())
