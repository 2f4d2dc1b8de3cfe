"""Every page of the site, for the tests that hold everywhere. Addresses in braces come from the seed."""

SIGNED_OUT = {"sign in": "/accounts/login/"}
SIGNED_IN = {
    "home": "/",
    "studies": "/studies/",
    "study": "{study}",
    "study without anything": "/studies/empty/",
    "participants": "{study}participants/",
    "no participants": "/studies/empty/participants/",
    "new participant": "{study}participants/new/",
    "consent": "{study}participants/{patient}/consent/",
    "consent form": "{study}consent-form/",
    "first consent form": "/studies/empty/consent-form/",
    "encounters": "{study}encounters/",
    "search without a hit": "{study}encounters/?q=nothing",
    "new encounter": "{study}encounters/new/",
    "new encounter without people": "/studies/empty/encounters/new/",
    "encounter with timeline": "{shown}",
    "encounter with a failed job": "{failed}",
    "jobs": "{study}jobs/",
    "no jobs": "/studies/empty/jobs/",
    "API": "/api/v1/docs/",
    "second factor": "/accounts/2fa/",
    "change password": "/accounts/password/change/",
    "sign out": "/accounts/logout/",
    "not found": "/studies/nothing/",
}
