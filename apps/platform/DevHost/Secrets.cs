using System.Security.Cryptography;
using System.Text.Json;

namespace ConcertDapr.DevHost;

/// <summary>Tokens and keys of this machine's system: made at the first start, kept in <c>secrets.json</c> beside the data.</summary>
internal static class Secrets
{
    /// <summary>The secrets as environment variables.</summary>
    public static IReadOnlyDictionary<string, string> Load(string data)
    {
        var path = Path.Combine(data, "secrets.json");
        if (File.Exists(path)) return JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(path))!;
        var secrets = new Dictionary<string, string>
        {
            ["APP_API_TOKEN"] = RandomNumberGenerator.GetHexString(40, true),
            ["DAPR_API_TOKEN"] = RandomNumberGenerator.GetHexString(40, true),
            ["QueueToken__Keys"] = $"k1:{RandomNumberGenerator.GetHexString(48, true)}",
        };
        File.WriteAllText(path, JsonSerializer.Serialize(secrets));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return secrets;
    }
}
