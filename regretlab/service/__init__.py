"""A policy at work in a service."""

from regretlab.service.service import Decision as Decision
from regretlab.service.service import Service as Service
