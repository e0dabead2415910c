import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import javax.crypto.KeyGenerator;
import javax.crypto.SecretKey;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.xml.security.encryption.EncryptedKey;
import org.apache.xml.security.encryption.XMLCipher;
import org.apache.xml.security.keys.KeyInfo;
import org.apache.xml.security.keys.content.X509Data;
import org.apache.xml.security.signature.XMLSignature;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.helpers.DefaultHandler;

/**
 * Judges signed assertions and encrypted ones, a folder at a time, by the two
 * implementations of XML security that Java has: that of the JDK
 * (javax.xml.crypto.dsig, secure validation on) and Apache Santuario.
 *
 * Judge jdk|santuario|jdk-header|santuario-header|decrypt CERTIFICATE KEY FOLDER
 * [OUT]: for each file of the folder a line with its name and accepted or refused.
 * decrypt writes what it opens to OUT. The files are assertions, EncryptedData,
 * or for the headers SOAP messages.
 *
 * Judge issue CERTIFICATE KEY TARGET-CERTIFICATE CIPHER ASSERTION: signs an
 * assertion by the JDK, encrypts it by Santuario and writes it to standard output.
 */
public class Judge {
    static final String DSIG = "http://www.w3.org/2000/09/xmldsig#";
    static final String WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    static final String WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    static final String XENC = "http://www.w3.org/2001/04/xmlenc#";

    public static void main(String[] args) throws Exception {
        org.apache.xml.security.Init.init();
        if (args[0].equals("issue")) {
            issue(certificate(args[1]), key(args[2]), certificate(args[3]), args[4], Files.readAllBytes(Paths.get(args[5])));
            return;
        }
        PublicKey issuer = certificate(args[1]).getPublicKey();
        PrivateKey target = key(args[2]);
        List<Path> files;
        try (var all = Files.list(Paths.get(args[3]))) {
            files = all.sorted().collect(Collectors.toCollection(ArrayList::new));
        }
        for (Path file : files) {
            boolean ok;
            try {
                Document doc = parse(Files.readAllBytes(file));
                switch (args[0]) {
                case "jdk":
                    ok = jdk(doc, issuer);
                    break;
                case "santuario":
                    ok = santuario(doc, issuer);
                    break;
                case "jdk-header":
                    ok = jdkHeader(doc, issuer);
                    break;
                case "santuario-header":
                    ok = new XMLSignature(header(doc), "", true).checkSignatureValue(issuer);
                    break;
                default:
                    Files.write(Paths.get(args[4], file.getFileName().toString()), decrypt(doc, target));
                    ok = true;
                }
            } catch (Exception e) {
                ok = false;
            }
            System.out.println(file.getFileName() + " " + (ok ? "accepted" : "refused"));
        }
    }

    static X509Certificate certificate(String path) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(Paths.get(path))));
    }

    static PrivateKey key(String path) throws Exception {
        String pem = Files.readString(Paths.get(path)).replaceAll("-----[A-Z ]+-----|\\s", "");
        return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
    }

    static Document parse(byte[] text) throws Exception {
        DocumentBuilderFactory f = DocumentBuilderFactory.newInstance();
        f.setNamespaceAware(true);
        f.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        DocumentBuilder b = f.newDocumentBuilder();
        b.setErrorHandler(new DefaultHandler());
        return b.parse(new ByteArrayInputStream(text));
    }

    /** The signature of the root: its child, and for the root's own id. */
    static Element signature(Document doc) {
        Element root = doc.getDocumentElement();
        root.setIdAttribute("AssertionID", true);
        NodeList all = doc.getElementsByTagNameNS(DSIG, "Signature");
        if (all.getLength() != 1 || all.item(0).getParentNode() != root) {
            throw new IllegalArgumentException("not one signature, below the root");
        }
        Element signature = (Element) all.item(0);
        NodeList references = signature.getElementsByTagNameNS(DSIG, "Reference");
        if (references.getLength() != 1
            || !((Element) references.item(0)).getAttribute("URI").equals("#" + root.getAttribute("AssertionID"))) {
            throw new IllegalArgumentException("not one reference, to the root");
        }
        return signature;
    }

    static boolean jdk(Document doc, PublicKey key) throws Exception {
        DOMValidateContext context = new DOMValidateContext(key, signature(doc));
        context.setProperty("org.jcp.xml.dsig.secureValidation", Boolean.TRUE);
        context.setIdAttributeNS(doc.getDocumentElement(), null, "AssertionID");
        return XMLSignatureFactory.getInstance("DOM").unmarshalXMLSignature(context).validate(context);
    }

    static boolean santuario(Document doc, PublicKey key) throws Exception {
        return new XMLSignature(signature(doc), "", true).checkSignatureValue(key);
    }

    /** The signature of a message's Security header, over elements by wsu:Id. */
    static Element header(Document doc) {
        NodeList all = doc.getElementsByTagNameNS("*", "*");
        for (int i = 0; i < all.getLength(); i++) {
            Element e = (Element) all.item(i);
            if (e.hasAttributeNS(WSU, "Id")) {
                e.setIdAttributeNS(WSU, "Id", true);
            }
        }
        NodeList security = doc.getElementsByTagNameNS(WSSE, "Security");
        NodeList signatures = ((Element) security.item(0)).getElementsByTagNameNS(DSIG, "Signature");
        if (security.getLength() != 1 || signatures.getLength() != 1) {
            throw new IllegalArgumentException("not one signature, in the Security header");
        }
        return (Element) signatures.item(0);
    }

    static boolean jdkHeader(Document doc, PublicKey key) throws Exception {
        DOMValidateContext context = new DOMValidateContext(key, header(doc));
        context.setProperty("org.jcp.xml.dsig.secureValidation", Boolean.TRUE);
        return XMLSignatureFactory.getInstance("DOM").unmarshalXMLSignature(context).validate(context);
    }

    static byte[] decrypt(Document doc, PrivateKey key) throws Exception {
        Element data = doc.getDocumentElement();
        if (!data.getLocalName().equals("EncryptedData") || !XENC.equals(data.getNamespaceURI())) {
            throw new IllegalArgumentException("not encrypted");
        }
        XMLCipher cipher = XMLCipher.getInstance();
        cipher.init(XMLCipher.DECRYPT_MODE, null);
        cipher.setKEK(key);
        cipher.setSecureValidation(true);
        return cipher.decryptToByteArray(data);
    }

    static void issue(X509Certificate by, PrivateKey key, X509Certificate target, String algorithm, byte[] text) throws Exception {
        Document doc = parse(text);
        Element root = doc.getDocumentElement();
        XMLSignatureFactory f = XMLSignatureFactory.getInstance("DOM");
        Reference reference = f.newReference("#" + root.getAttribute("AssertionID"),
            f.newDigestMethod(DigestMethod.SHA256, null),
            List.of(f.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null),
                f.newTransform(CanonicalizationMethod.EXCLUSIVE, (TransformParameterSpec) null)), null, null);
        SignedInfo info = f.newSignedInfo(
            f.newCanonicalizationMethod(CanonicalizationMethod.EXCLUSIVE, (C14NMethodParameterSpec) null),
            f.newSignatureMethod("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", null),
            Collections.singletonList(reference));
        KeyInfoFactory keys = f.getKeyInfoFactory();
        javax.xml.crypto.dsig.keyinfo.KeyInfo named =
            keys.newKeyInfo(Collections.singletonList(keys.newX509Data(Collections.singletonList(by))));
        DOMSignContext context = new DOMSignContext(key, root);
        context.setIdAttributeNS(root, null, "AssertionID");
        f.newXMLSignature(info, named).sign(context);

        KeyGenerator generator = KeyGenerator.getInstance("AES");
        generator.init(256);
        SecretKey secret = generator.generateKey();
        XMLCipher wrap = XMLCipher.getInstance(XMLCipher.RSA_OAEP);
        wrap.init(XMLCipher.WRAP_MODE, target.getPublicKey());
        EncryptedKey wrapped = wrap.encryptKey(doc, secret);
        KeyInfo recipient = new KeyInfo(doc);
        X509Data data = new X509Data(doc);
        data.addSKI(target);
        recipient.add(data);
        wrapped.setKeyInfo(recipient);
        XMLCipher cipher = XMLCipher.getInstance(algorithm);
        cipher.init(XMLCipher.ENCRYPT_MODE, secret);
        KeyInfo around = new KeyInfo(doc);
        around.add(wrapped);
        cipher.getEncryptedData().setKeyInfo(around);
        doc = cipher.doFinal(doc, root, false);

        Transformer t = TransformerFactory.newInstance().newTransformer();
        t.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
        t.transform(new DOMSource(doc), new StreamResult(System.out));
    }
}
