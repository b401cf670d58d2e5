using System.Net.Mail;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConcertDapr.Users;

internal static class AccountEndpoints
{
    public static void MapAccounts(this WebApplication app)
    {
        app.MapPost("/accounts/register", Register);
        app.MapPost("/accounts/verify", VerifyPassword);
        app.MapGet("/accounts/me", Me);
    }

    internal static async Task<Results<Created<AccountResponse>, ProblemHttpResult>> Register(RegisterRequest request, AccountStore accounts)
    {
        if (!MailAddress.TryCreate(request.Email, out _) || request.Email.Length > 200)
            return Problem.Invalid("email", "An e-mail address of at most 200 characters is expected.");
        if (string.IsNullOrWhiteSpace(request.Name) || request.Name.Length > 100)
            return Problem.Invalid("name", "A name of 1 to 100 characters is expected.");
        if (request.Password.Length is < 8 or > 128)
            return Problem.Invalid("password", "A password of 8 to 128 characters is expected.");
        return await accounts.RegisterAsync(request) is { } account
            ? TypedResults.Created("/api/v1/users/me", account)
            : Problem.Of(409, "EMAIL_TAKEN", "An account with this e-mail address exists.", "email");
    }

    internal static async Task<Results<Ok<AccountResponse>, ProblemHttpResult>> VerifyPassword(VerifyPasswordRequest request, AccountStore accounts) =>
        await accounts.VerifyAsync(request) is { } account
            ? TypedResults.Ok(account)
            : Problem.Of(401, "WRONG_CREDENTIALS", "E-mail address or password is wrong.");

    internal static async Task<Results<Ok<AccountResponse>, ProblemHttpResult>> Me(Caller caller, AccountStore accounts) =>
        await accounts.FindAsync(caller.User) is { } account
            ? TypedResults.Ok(account)
            : Problem.NotFound("ACCOUNT_NOT_FOUND", "There is no such account.");
}
