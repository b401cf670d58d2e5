namespace Dapr;

/// <summary>Checks the addresses clients are built with.</summary>
internal static class SidecarAddress
{
    /// <exception cref="InvalidOperationException">The scheme is neither http nor https.</exception>
    public static Uri Parse(string text, string name)
    {
        var uri = new Uri(text);
        return uri.Scheme is "http" or "https"
            ? uri
            : throw new InvalidOperationException($"The {name} endpoint must use http or https.");
    }
}
