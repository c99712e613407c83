"""Servers and agents over real streams: sessions, enrolment, outages, two servers, a crowd."""
