using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ConcertDapr.Contracts;

namespace ConcertDapr.ServiceDefaults.Rooms;

/// <summary>A place in a waiting room: what the signed token says.</summary>
/// <param name="Target">The room.</param>
/// <param name="User">Whose place.</param>
/// <param name="Sequence">The place, from 1.</param>
/// <param name="IssuedAt">When it was taken, to the second.</param>
public sealed record QueuePlace(ConcertId Target, UserId User, long Sequence, DateTimeOffset IssuedAt);

/// <summary>
/// Queue tokens, <c>{key id}.{target}.{user}.{sequence}.{unix seconds}.{HMAC-SHA256, base64url}</c>: verified anywhere the key
/// is known, without a look-up. Keys rotate: the first signs, all verify.
/// </summary>
public sealed class QueueTokens
{
    private readonly (string Id, byte[] Key)[] _keys;

    private QueueTokens((string, byte[])[] keys) => _keys = keys;

    /// <summary>Reads <c>QueueToken:Keys</c>: <c>id:secret</c> pairs, comma separated, secrets of at least 32 characters.</summary>
    public static QueueTokens From(Settings settings)
    {
        const string Name = "QueueToken:Keys";
        var keys = settings.Required(Name, isSecret: true).Split(',', StringSplitOptions.TrimEntries).Select(pair => pair.Split(':', 2)).ToList();
        if (keys.Any(k => k.Length != 2 || k[0].Length == 0 || !k[0].All(char.IsAsciiLetterOrDigit)))
            throw new SettingException(Name, "must be id:secret pairs with alphanumeric ids, separated by commas");
        if (keys.Any(k => k[1].Length < 32)) throw new SettingException(Name, "has a secret that is too short: at least 32 characters");
        return new([.. keys.Select(k => (k[0], Encoding.UTF8.GetBytes(k[1])))]);
    }

    /// <summary>Signs a place with the current key.</summary>
    public string Sign(QueuePlace place)
    {
        var body = string.Create(CultureInfo.InvariantCulture,
            $"{_keys[0].Id}.{place.Target}.{place.User}.{place.Sequence}.{place.IssuedAt.ToUnixTimeSeconds()}");
        return $"{body}.{Signature(_keys[0].Key, body)}";
    }

    /// <summary>The place a token was signed for, or null where it was not signed by us or is malformed.</summary>
    public QueuePlace? Verify(string? token)
    {
        if (token is null || token.Length > 300 || token.LastIndexOf('.') is not (> 0 and var dot)) return null;
        var body = token[..dot];
        var parts = body.Split('.');
        if (parts.Length != 5 || Array.Find(_keys, k => k.Id == parts[0]) is not { Key: { } key }) return null;
        var matches = CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(token[(dot + 1)..]), Encoding.ASCII.GetBytes(Signature(key, body)));
        if (!matches || !ConcertId.TryParse(parts[1], out var target) || !UserId.TryParse(parts[2], out var user)) return null;
        return long.TryParse(parts[3], CultureInfo.InvariantCulture, out var sequence) && long.TryParse(parts[4], CultureInfo.InvariantCulture, out var at)
            ? new QueuePlace(target, user, sequence, DateTimeOffset.FromUnixTimeSeconds(at))
            : null;
    }

    private static string Signature(byte[] key, string body) => Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(body)));
}
