using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Dapr.Client;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace ConcertDapr.Gateway;

/// <summary>Who is calling: bearer tokens of our own, and, where a load test needs them, test users.</summary>
internal static class Identity
{
    public const string Organizer = "organizer";

    private const string TestUser = "test-user";

    /// <summary>Adds authentication. <c>Auth:TestUsers</c> lets <c>Bearer test-user-{n}</c> act as user n; <c>test-organizer-{n}</c> as an organizer too.</summary>
    public static void AddIdentity(this WebApplicationBuilder builder, Settings settings)
    {
        var testUsers = settings.Flag("Auth:TestUsers", false);
        var lasts = settings.Seconds("Auth:TokenSeconds", 3_600, 60, 86_400);
        builder.Services.AddAuthentication("Any")
            .AddPolicyScheme("Any", null, o => o.ForwardDefaultSelector = context => testUsers && TestUserHandler.Applies(context.Request)
                ? TestUser
                : BearerTokenDefaults.AuthenticationScheme)
            .AddBearerToken(o => o.BearerTokenExpiration = lasts)
            .AddScheme<AuthenticationSchemeOptions, TestUserHandler>(TestUser, null);
        builder.Services.AddAuthorizationBuilder().AddPolicy(Organizer, p => p.RequireRole(Organizer));
        builder.Services.AddDataProtection().SetApplicationName("concert-dapr");
        builder.Services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(services =>
            new ConfigureOptions<KeyManagementOptions>(o => o.XmlRepository = new SharedKeys(services.GetRequiredService<DaprClient>())));
    }

    /// <summary><c>POST /api/v1/users/login</c>: e-mail and password for a bearer token.</summary>
    public static void MapLogin(this WebApplication app) =>
        app.MapPost("/api/v1/users/login", LogIn).WithTags("Accounts").Produces<AccessTokenResponse>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(429);

    /// <summary>The account of an authenticated caller.</summary>
    public static UserId UserOf(ClaimsPrincipal principal) =>
        new(long.Parse(principal.FindFirstValue(ClaimTypes.NameIdentifier)!, CultureInfo.InvariantCulture));

    internal static async Task<Results<SignInHttpResult, ProblemHttpResult>> LogIn(LoginRequest request, AppClients apps)
    {
        using var response = await apps.Of(Apps.Users).PostAsJsonAsync(new Uri("/accounts/verify", UriKind.Relative),
            new VerifyPasswordRequest(request.Email, request.Password), ConcertJson.Options);
        if (response.StatusCode == System.Net.HttpStatusCode.Unauthorized)
            return Problem.Of(401, "WRONG_CREDENTIALS", "E-mail address or password is wrong.");
        response.EnsureSuccessStatusCode();
        var account = (await response.Content.ReadFromJsonAsync<AccountResponse>(ConcertJson.Options))!;
        return TypedResults.SignIn(Principal(account.UserId, account.Roles, BearerTokenDefaults.AuthenticationScheme),
            authenticationScheme: BearerTokenDefaults.AuthenticationScheme);
    }

    private static ClaimsPrincipal Principal(UserId user, IEnumerable<string> roles, string scheme) => new(new ClaimsIdentity(
        [new Claim(ClaimTypes.NameIdentifier, user.ToString()), .. roles.Select(r => new Claim(ClaimTypes.Role, r))], scheme));

    private sealed class TestUserHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        private const string Fan = "Bearer test-user-";
        private const string OrganizerToken = "Bearer test-organizer-";

        public static bool Applies(HttpRequest request) => request.Headers.Authorization.ToString().StartsWith("Bearer test-", StringComparison.Ordinal);

        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            var header = Request.Headers.Authorization.ToString();
            var isOrganizer = header.StartsWith(OrganizerToken, StringComparison.Ordinal);
            var digits = isOrganizer ? header[OrganizerToken.Length..] : header.StartsWith(Fan, StringComparison.Ordinal) ? header[Fan.Length..] : "";
            if (!UserId.TryParse(digits, out var user) || user.Value < 1) return Task.FromResult(AuthenticateResult.Fail("Not a test user."));
            var principal = Principal(user, isOrganizer ? [Organizer] : [], Scheme.Name);
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(principal, Scheme.Name)));
        }
    }
}
