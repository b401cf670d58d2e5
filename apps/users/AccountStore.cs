using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Dapper;
using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace ConcertDapr.Users;

/// <summary>Accounts in Postgres. The only place that sees password hashes.</summary>
internal sealed class AccountStore(Database database)
{
    private static readonly PasswordHasher<string> s_hasher = new();

    // Verified where no account matches, so that an unknown address takes as long to refuse as a wrong password.
    private static readonly string s_nobody = s_hasher.HashPassword("", Guid.NewGuid().ToString());

    /// <summary>Creates an account, or returns null where the e-mail address is taken.</summary>
    public async Task<AccountResponse?> RegisterAsync(RegisterRequest request)
    {
        await using var connection = await database.OpenAsync();
        var row = await connection.QuerySingleOrDefaultAsync<Row>(
            """
            INSERT INTO accounts (email, name, password_hash) VALUES (@Email, @Name, @hash)
            ON CONFLICT ((lower(email))) DO NOTHING
            RETURNING id, email, name, password_hash, roles, balance
            """, new { request.Email, request.Name, hash = s_hasher.HashPassword("", request.Password) });
        return row?.ToAccount();
    }

    /// <summary>The account whose e-mail address and password these are, or null.</summary>
    public async Task<AccountResponse?> VerifyAsync(VerifyPasswordRequest request)
    {
        await using var connection = await database.OpenAsync();
        var row = await connection.QuerySingleOrDefaultAsync<Row>(
            "SELECT id, email, name, password_hash, roles, balance FROM accounts WHERE lower(email) = lower(@Email)", new { request.Email });
        var verdict = s_hasher.VerifyHashedPassword("", row?.Password_Hash ?? s_nobody, request.Password);
        return verdict == PasswordVerificationResult.Failed ? null : row?.ToAccount();
    }

    /// <summary>An account by id, or null.</summary>
    public async Task<AccountResponse?> FindAsync(UserId user)
    {
        await using var connection = await database.OpenAsync();
        var row = await connection.QuerySingleOrDefaultAsync<Row>(
            "SELECT id, email, name, password_hash, roles, balance FROM accounts WHERE id = @Value", new { user.Value });
        return row?.ToAccount();
    }

    // A class with properties: Dapper matches a record's constructor by exact types and does not recognise text[] there.
    private sealed class Row
    {
        public long Id { get; init; }
        public string Email { get; init; } = "";
        public string Name { get; init; } = "";
        public string Password_Hash { get; init; } = "";
        public string[] Roles { get; init; } = [];
        public long Balance { get; init; }

        public AccountResponse ToAccount() => new(new(Id), Email, Name, new(Balance), Roles);
    }
}
