"""Adapters, one file each; imported only when a config asks for one."""
