"""One file a provider. Each is loaded when a model of its type is first asked, for the SDKs take their time."""
