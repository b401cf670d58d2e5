using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Dapr.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dapr.AspNetCore
{
    /// <summary>The token the sidecar must send; from <c>APP_API_TOKEN</c> unless set.</summary>
    public class DaprAuthenticationOptions : AuthenticationSchemeOptions
    {
        internal const string DefaultScheme = "Dapr";

        public string Token { get; set; } = DaprDefaults.GetDefaultAppApiToken(null);
    }

    /// <summary>Lets in who sends the app's token in <c>dapr-api-token</c>.</summary>
    internal sealed class DaprAuthenticationHandler(
        IOptionsMonitor<DaprAuthenticationOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<DaprAuthenticationOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Authenticate());

        private AuthenticateResult Authenticate()
        {
            if (!Request.Headers.TryGetValue("dapr-api-token", out var token))
                return AuthenticateResult.NoResult();
            if (string.IsNullOrWhiteSpace(Options.Token))
                return AuthenticateResult.Fail("App API Token not configured.");
            if (!CryptographicOperations.FixedTimeEquals(
                    Encoding.UTF8.GetBytes(token.ToString()), Encoding.UTF8.GetBytes(Options.Token)))
                return AuthenticateResult.Fail("Not authenticated.");

            var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, "Dapr")], DaprAuthenticationOptions.DefaultScheme);
            return AuthenticateResult.Success(
                new AuthenticationTicket(new ClaimsPrincipal(identity), DaprAuthenticationOptions.DefaultScheme));
        }
    }
}

namespace Microsoft.AspNetCore.Authentication
{
    /// <summary>Adds the scheme <c>Dapr</c>: the sidecar's token.</summary>
    public static class DaprAuthenticationBuilderExtensions
    {
        public static AuthenticationBuilder AddDapr(this AuthenticationBuilder builder) => builder.AddDapr(null);

        public static AuthenticationBuilder AddDapr(
            this AuthenticationBuilder builder, Action<DaprAuthenticationOptions>? configureOptions)
        {
            ArgumentNullException.ThrowIfNull(builder);
            return builder.AddScheme<DaprAuthenticationOptions, DaprAuthenticationHandler>(
                DaprAuthenticationOptions.DefaultScheme, configureOptions);
        }
    }
}

namespace Microsoft.AspNetCore.Authorization
{
    /// <summary>Adds a policy that only the sidecar satisfies.</summary>
    public static class DaprAuthorizationOptionsExtensions
    {
        public static void AddDapr(this AuthorizationOptions options, string name = "Dapr")
        {
            ArgumentNullException.ThrowIfNull(options);
            options.AddPolicy(name, policy => policy
                .RequireAuthenticatedUser()
                .AddAuthenticationSchemes(DaprAuthenticationOptions.DefaultScheme));
        }
    }
}
