"""Why no code is sent."""

from __future__ import annotations

from portero.kit.refusals import Forbidden, Invalid


class NoConfirmedEmail(Forbidden):
    code = "email_not_confirmed"
    public = "Confirm your mail address first. A code goes only to an address that is yours."


class NoConfirmedPhone(Forbidden):
    code = "phone_not_confirmed"
    public = "Confirm your phone number first. A code goes only to a number that is yours."


class WrongPhoneCode(Invalid):
    code = "wrong_phone_code"
    public = "That is not the code, or it is over. Have a new one sent."


class NumberNotServed(Invalid):
    """Of a country that the operator does not send to, or no mobile phone's: what is dialled there
    may cost a lot, and part of it goes to whoever asked (toll fraud)."""

    code = "phone_not_served"
    public = "We can't send text messages to this number."
