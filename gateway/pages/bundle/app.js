var C,tn,xo,de,yt,Xe,nn,qe,rn,xt,bt,_o,Pe=Symbol.for("pv"),Je={},Ze=[],vo=/^m(i|n|o|s|text|space)$/,_t=Array.isArray,on=Ze.slice,_e=Object.assign;function xe(e){e&&e.parentNode&&e.remove()}function Ye(e,t,r,a,o){var s={type:e,props:t,key:r,ref:a,__k:null,__:null,__b:0,__e:null,__c:null,constructor:Pe,__v:o||++tn,__i:-1,__u:0};return!o&&C.vnode&&C.vnode(s),s}function E(e){return e.children}function Te(e,t){this.props=e,this.context=t,this.__g=0}function pe(e,t){if(t==null)return e.__&&pe(e.__,e.__i+1);for(var r;t<e.__k.length;t++)if((r=e.__k[t])&&r.__e)return r.__e;return typeof e.type!="function"||e.props.__P?null:pe(e)}function wo(e){var t,r=e.__v,a=r.__e,o=[],s=[],i=e.__P;i&&((t=_e({constructor:Pe},r)).__v=r.__v+1,C.vnode&&C.vnode(t),vt(i,t,r,e.__n,i.namespaceURI,32&r.__u?[a]:null,o,a||pe(r),32&r.__u,s),t.__v=r.__v,t.__.__k[t.__i]=t,dn(o,t,s),r.__=r.__e=null,t.__e!=a&&an(t))}function an(e){if((e=e.__)&&e.__c&&!e.props.__P)return e.__e=null,e.__k.some(function(t){return t&&(e.__e=t.__e)}),an(e)}function Zt(e){(8&e.__g||(e.__g|=8,de.push(e),Xe++))&&yt==C.debounceRendering||((yt=C.debounceRendering)||queueMicrotask)(sn)}function sn(){try{for(var e,t=1;de.length;)de.length>t&&de.sort(nn),e=de.shift(),t=de.length,8&e.__g&&wo(e)}finally{(Xe=de.length)&&(yt||queueMicrotask)(sn)}}function ln(e,t,r,a,o,s,i,u,c,m,d){var f,g,p,h,x,S,w=a.__k||Ze,k=t.length;for(c=ko(r,t,w,c,k),f=0;f<k;f++)(p=r.__k[f])!=null&&(g=~p.__i&&w[p.__i]||Je,p.__i=f,S=vt(e,p,g,o,s,i,u,c,m,d),h=p.__e,(g.ref!=p.ref||8&g.__u)&&(g.ref&&wt(g.ref,null,p,g),p.ref&&d.push(p.ref,p.__c||h,p)),x=x||h,4&p.__u?(c=un(p,c,e,!g.__v),g.__e&&(g.__e=null)):typeof p.type=="function"&&S!==void 0?c=S:h&&(c=h.nextSibling),p.__u&=-21);return r.__e=x,c}function ko(e,t,r,a,o){var s,i,u,c,m,d,f,g,p,h=r.length,x=h,S=0,w=0,k=e.__k=Array(o);for(s=0;s<o;s++)(i=t[s])!=null&&typeof i!="boolean"&&typeof i!="function"?(typeof i!="object"||i.constructor===String?i=k[s]=Ye(null,i):_t(i)?i=k[s]=Ye(E,{children:i}):i.constructor===Pe&&i.__b?i=k[s]=Ye(i.type,i.props,i.key,i.ref,i.__v):k[s]=i,c=s+S,i.__=e,i.__b=e.__b+1,u=null,~(m=i.__i=Eo(i,r,c,x))&&(x--,(u=r[m])&&(u.__u|=2)),u&&u.__v?(i.__u|=16,m==c-1?S--:m==c+1?S++:m!=c&&(m>c?S--:S++,w=1)):(~m||(o>h?S--:o<h&&S++),typeof i.type!="function"&&(i.__u|=4))):k[s]=null;if(w){for(d=[],f=[],s=0;s<o;s++)if((i=k[s])&&16&i.__u){for(S=0,g=d.length;S<g;)d[p=S+g>>1]<i.__i?S=p+1:g=p;d[S]=i.__i,f[s]=S+1}for(S=d.length;s--;)f[s]&&(f[s]==S?S--:k[s].__u|=4)}if(x)for(s=0;s<h;s++)!(u=r[s])||2&u.__u||(u.__e==a&&(a=pe(u)),kt(u,u));return a}function un(e,t,r,a){var o,s,i,u;if(typeof e.type=="function"){if(e.props.__P)return t;if(o=e.__k)for(s=0;s<o.length;s++)o[s]&&(o[s].__=e,t=un(o[s],t,r,!1));return t}for(t&&!t.parentNode&&(t=pe(e))&&!t.parentNode&&(t=null),i=e.__e,u=t;u&&u.nodeType==8;)u=u.nextSibling;for(i!=u&&(!a&&r.moveBefore&&i.parentNode?r.moveBefore(i,t):r.insertBefore(i,t||null)),t=i;(t=t&&t.nextSibling)&&t.nodeType==8&&!t.data.startsWith("$s"););return t}function Eo(e,t,r,a){var o,s=e.key,i=e.type,u=t[r],c=u&&!(2&u.__u);if(u===null&&s==null||c&&s==u.key&&i==u.type)return r;if(a>(c?1:0)){for(o=r-1;o>=0;o--)if((u=t[o])&&!(2&u.__u)&&s==u.key&&i==u.type)return o;for(o=r+1;o<t.length;o++)if((u=t[o])&&!(2&u.__u)&&s==u.key&&i==u.type)return o}return-1}function en(e,t,r){r==null&&(r=""),t[0]=="-"?e.setProperty(t,r):e[t]=r}function Ge(e,t,r,a,o){var s,i;if(t=="style")if(typeof r=="string")e.style.cssText=r;else{if(typeof a=="string"&&(e.style.cssText=a=""),a)for(t in a)r&&t in r||en(e.style,t);if(r)for(t in r)a&&r[t]==a[t]||en(e.style,t,r[t])}else if(t[0]=="o"&&t[1]=="n")typeof r!="function"&&(r=null),typeof a!="function"&&(a=null),(e.__e||(e.__e={}))[t]=r,r&&a||(i=bt[t]||(bt[t]=So(t)),(e.__a||(e.__a={}))[t]=xt,s=t!=(t=t.replace(rn,"$1")),(t=t.slice(2))[0]<"a"&&(t=t.toLowerCase()),r?e.addEventListener(t,i,s):e.removeEventListener(t,i,s));else{if(o=="http://www.w3.org/2000/svg")t=t.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(t!="width"&&t!="height"&&t!="href"&&t!="list"&&t!="form"&&t!="tabIndex"&&t!="download"&&t!="rowSpan"&&t!="colSpan"&&t!="role"&&t!="popover"&&t in e)try{return void(e[t]=r??"")}catch{}if(typeof r=="function")return;r==null||r===!1&&t[4]!="-"?e.removeAttribute(t):e.setAttribute(t,t=="popover"&&r==1?"":r)}}function So(e){return function(t){var r=this.__e;if(r){if(r=r[e],t[qe]==null)t[qe]=xt++;else if(t[qe]<this.__a[e])return;return r(C.event?C.event(t):t)}}}function vt(e,t,r,a,o,s,i,u,c,m){var d,f,g,p,h,x,S,w,k,R,O,ne,A,M,X,Jt,ce,be,re=t.type;if(t.constructor!==Pe)return null;128&r.__u&&(c=32&r.__u,d=r.__c.__z)&&(t.__u|=c,f=s=[],d.nodeType==8?u=je(d,s):s.push(d),u=s[0]||u),(d=C.__b)&&d(t);e:if(typeof re=="function"){g=i.length;try{if(w=t.props,k=(d=re.prototype)&&d.render,R=(d=re.contextType)&&a[d.__c],O=d?R?R.props.value:d.__:a,(p=r.__c)?(t.__c=p,2&p.__g&&(p.__g|=1)):(k?t.__c=p=new re(w,O):(t.__c=p=new Te(w,O),p.constructor=re,p.render=No),R&&R.sub(p),p.state||(p.state={}),p.__n=a,p.__g|=8,p.__h=[],p.__k=[]),k&&(p.__s||(p.__s=p.state),re.getDerivedStateFromProps&&(p.__s==p.state&&(p.__s=_e({},p.__s)),_e(p.__s,re.getDerivedStateFromProps(w,p.__s)))),h=p.props,x=p.state,p.__v=t,r.__c){if(w!==h&&k&&!re.getDerivedStateFromProps&&p.componentWillReceiveProps&&p.componentWillReceiveProps(w,O),t.__v==r.__v&&!(8&p.__g)||!(4&p.__g)&&p.shouldComponentUpdate&&p.shouldComponentUpdate(w,p.__s,O)===!1){t.__v!=r.__v&&(p.props=w,p.state=p.__s,p.__g&=-9),t.__e=r.__e,t.__k=r.__k,t.__k.some(function(z){z&&(z.__=t)}),Ze.push.apply(p.__h,p.__k),p.__k=[],p.__h.length&&i.push(p),u=pe(r);break e}p.componentWillUpdate&&p.componentWillUpdate(w,p.__s,O),k&&p.componentDidUpdate&&p.__h.push(function(){p.componentDidUpdate(h,x,S)})}else k&&!re.getDerivedStateFromProps&&p.componentWillMount&&p.componentWillMount(),k&&p.componentDidMount&&p.__h.push(p.componentDidMount);p.context=O,p.props=w,p.__P=e,p.__g&=-5,ne=C.__r,A=k?25:0;do p.__g&=-9,ne&&ne(t),d=p.render(p.props,p.state=p.__s,p.context);while(8&p.__g&&++A<25);k&&(Ze.push.apply(p.__h,p.__k),p.__k=[]),p.state=p.__s,p.getChildContext&&(a=_e({},a,p.getChildContext())),k&&r.__c&&p.getSnapshotBeforeUpdate&&(S=p.getSnapshotBeforeUpdate(h,x)),M=d&&d.type===E&&d.key==null?d.props.children:d,w.__P&&(d=u,o=(e=w.__P).namespaceURI,c=s=null,r.props&&r.props.__P!=e&&(r.__k.some(function(z){z&&kt(z,z)}),r.__k=null),u=r.__k?pe(r,0):null),u=ln(e,_t(M)?M:[M],t,r,a,o,s,i,u,c,m),w.__P&&(t.__e=null,u=d),t.__u&=-161,f&&f.some(xe),p.__h.length&&i.push(p),1&p.__g&&(p.__g&=-4)}catch(z){if(i.length=g,t.__v=null,c||s)if(z&&z.then){if(t.__u|=128|c,s){for(~(ce=s.indexOf(u||void 0))||(ce=s.length);(be=s[ce-1])&&be.nodeType==8;)ce--;for(;ce<s.length;ce++)if(be=s[ce])if(s[ce]=null,X){if(be==Jt)break}else{if(be.nodeType!=8)break;be.data.startsWith("$s")&&(Jt=je(X=be))}}if(!X){for(;u&&u.nodeType==8&&u.nextSibling;)u=u.nextSibling;X=u}(d=je(X=t.__c.__z||(t.__c.__z=X)))?(t.__e=X,u=d):t.__e=u,u=u&&u.nextSibling}else s&&s.some(xe);else t.__e=r.__e;t.__k||(t.__k=r.__k||[]),z&&z.then||cn(t),C.__e(z,t,r)}}else u=t.__e=To(r.__e,t,r,a,o,s,i,c,m,e);return(d=C.diffed)&&d(t),u}function je(e,t){if(e&&e.nodeType==8&&e.data.startsWith("$s"))for(var r=1;e=e.nextSibling;){if(e.nodeType==8){if(e.data.startsWith("$s"))r++;else if(e.data.startsWith("/$s")&&!--r)return e}t&&t.push(e)}}function cn(e){e&&(e.__c&&(e.__c.__g|=4),e.__k&&e.__k.some(cn))}function dn(e,t,r){for(var a=0;a<r.length;)wt(r[a++],r[a++],r[a++]);C.__c&&C.__c(t,e),e.some(function(o){try{e=o.__h,o.__h=[],e.some(function(s){s.call(o)})}catch(s){C.__e(s,o.__v)}})}function To(e,t,r,a,o,s,i,u,c,m){var d,f,g,p,h,x,S,w,k=r.props||Je,R=t.props,O=t.type;if(O=="svg"?o="http://www.w3.org/2000/svg":O=="math"?o="http://www.w3.org/1998/Math/MathML":o||(o="http://www.w3.org/1999/xhtml"),s){for(d=0;d<s.length;d++)if((h=s[d])&&(O?h.localName==O:h.nodeType==3)){e=h,s[d]=null;break}}if(!e){if(w=m.ownerDocument||document,!O)return w.createTextNode(R);e=w.createElementNS(o,O,R.is?R:m),u&&(C.__m&&C.__m(t,s),u=!1),s=null}if(O){if(m=O=="template"&&e.content||e,s=O=="textarea"&&R.defaultValue!=null?null:s&&on.call(m.childNodes),!u&&s)for(k={},d=0;d<e.attributes.length;d++)k[(h=e.attributes[d]).name]=h.value;for(d in k)h=k[d],d=="dangerouslySetInnerHTML"?g=h:d=="children"||d in R||d=="value"&&"defaultValue"in R||d=="checked"&&"defaultChecked"in R||Ge(e,d,null,h,o);for(d in R)h=R[d],d=="children"?p=h:d=="dangerouslySetInnerHTML"?f=h:d=="value"?x=h:d=="checked"?S=h:u&&typeof h!="function"||k[d]===h||Ge(e,d,h,k[d],o);f?(u||g&&(f.__html==g.__html||f.__html==e.innerHTML)||(e.innerHTML=f.__html),t.__k=[]):(g&&(e.textContent=""),(O=="foreignObject"||o=="http://www.w3.org/1998/Math/MathML"&&vo.test(O))&&(o="http://www.w3.org/1999/xhtml"),ln(m,_t(p)?p:[p],t,r,a,o,s,i,s?s[0]:r.__k&&pe(r,0),u,c),s&&s.some(xe)),u&&O!="textarea"||(d="value",O=="progress"&&x==null?e.removeAttribute(d):x==null||x===e[d]&&(O!="progress"||x)||Ge(e,d,x,k[d],o),d="checked",S!=null&&S!=e[d]&&Ge(e,d,S,k[d],o))}else k===R||u&&e.data==R||(e.data=R);return e}function wt(e,t,r,a){try{typeof e=="function"?t?t.__x=e(t)||1:a&&(a=a.__c||a.__e)&&(t=a.__x)&&(a.__x=null,typeof t=="function"?t():e(null)):e.current=t}catch(o){C.__e(o,r)}}function kt(e,t,r){var a,o,s,i;if(C.unmount&&C.unmount(e),!(a=e.ref)||a.current&&a.current!=e.__e||wt(a,null,t,e),a=e.__c){if(a.componentWillUnmount)try{a.componentWillUnmount()}catch(u){C.__e(u,t)}a.__P=a.__n=null}if(a=e.__k)for(i=0;i<a.length;i++)a[i]&&kt(a[i],t,typeof e.type!="function"||r&&!e.props.__P);!r&&(a=e.__c)&&(a=a.__z)&&(o=je(a,s=[]))&&(a==e.__e&&s.some(xe),xe(o),xe(a)),r||xe(e.__e),e.__e=e.__c=e.__=null}function No(e,t,r){return this.constructor(e,r)}function pn(e,t){var r,a,o,s;C.__&&C.__(e,t),t.nodeType==9&&(t=t.documentElement),a=(r=e&&32&e.__u)?null:t.__k,t.__k=Ye(E,{children:[e]}),o=[],s=[],vt(t,t.__k,a||Je,Je,t.namespaceURI,a?null:t.firstChild?on.call(t.childNodes):null,o,a?a.__e:t.firstChild,r,s),dn(o,t.__k,s),t.__k.props.children=null}C={__e:function(e,t,r,a){for(var o,s,i;t=t.__;)if((o=t.__c)&&!(1&o.__g)){o.__g|=4;try{if((i=(s=o.constructor)&&s.getDerivedStateFromError)&&o.setState(s.getDerivedStateFromError(e)),o.componentDidCatch&&(o.componentDidCatch(e,a||{}),i=1),i&&8&o.__g)return void(o.__g|=2)}catch(u){e=u}}throw Xe=0,e}},tn=0,xo=function(e){return e!=null&&e.constructor===Pe},Te.prototype.setState=function(e,t){var r=this.__s;r&&r!=this.state||(r=this.__s=_e({},this.state)),typeof e=="function"&&(e=e(_e({},r),this.props)),e&&(_e(r,e),this.__v&&(t&&this.__k.push(t),Zt(this)))},Te.prototype.forceUpdate=function(e){this.__v&&(this.__g|=4,e&&this.__h.push(e),Zt(this))},Te.prototype.render=E,de=[],Xe=0,nn=function(e,t){return e.__v.__b-t.__v.__b},qe=Symbol(),rn=/(PointerCapture)$|Capture$/i,xt=0,bt={},_o=0;var Ne,$,Et,mn,St=Object.is,Ue=0,wn=[],Tt=[],P=C,gn=P.__b,fn=P.__r,hn=P.diffed,yn=P.__c,bn=P.unmount,xn=P.__;function et(e,t){P.__h&&P.__h($,e,Ue||t),Ue=0;var r=$.__H||($.__H={__:[],__h:[]});return e>=r.__.length&&r.__.push({}),r.__[e]}function y(e){return Ue=1,Co(Sn,e)}function Co(e,t,r){var a=et(Ne++,2);if(a.t=e,!a.__c&&(a.__=[r?r(t):Sn(void 0,t),function(s){var i=(a.__N||a.__)[0],u=a.t(i,s);St(i,u)||(a.__N=[u,a.__[1]],a.__c.setState({}))}],a.__c=$,!$.__f)){$.__f=!0;var o=$.shouldComponentUpdate;$.shouldComponentUpdate=function(s,i,u){var c=this.__H;if(!c)return!0;var m=!1,d=this.props!=s;if(c.__.some(function(g){g.__N&&(m=!0,St(g.__[0],g.__N[0])||(d=!0))}),o){var f=o.call(this,s,i,u);return m?f||d:f}return!m||d}}return a.__}function _(e,t){var r=et(Ne++,3);!P.__s&&En(r.__H,t)&&(r.__P=!0,r.__=e,r.u=t,$.__H.__h.push(r))}function G(e){return Ue=5,ve(function(){return{current:e}},[])}function ve(e,t){var r=et(Ne++,7);return En(r.__H,t)&&(r.__=e(),r.__H=t),r.__}function we(e,t){return Ue=8,ve(function(){return e},t)}function kn(){var e=et(Ne++,11);if(!e.__){for(var t=$.__v;!t.__m&&t.__;)t=t.__;var r=t.__m||(t.__m=[0,0]);e.__="P"+r[0]+"-"+r[1]++}return e.__}function Ao(){var e;do{for(;e=Tt.shift();)try{$e(e)}catch(r){P.__e(r,{__:(e=e.__P)&&e.__v})}for(;e=wn.shift();){var t=e.__H;if(e.__P&&t)try{t.__h.some($e),t.__h.some(Nt),t.__h=[]}catch(r){t.__h=[],P.__e(r,e.__v)}}}while(Tt.length)}P.__b=function(e){$=null,gn&&gn(e)},P.__=function(e,t){e&&t.__k&&t.__k.__m&&(e.__m=t.__k.__m),xn&&xn(e,t)},P.__r=function(e){fn&&fn(e),Ne=0;var t=($=e.__c).__H;t&&(Et==$?$.__h=[]:(t.__h.some($e),t.__h.some(Nt),Ne=0),t.__h=[],t.__.some(function(r){r.__N&&(r.__=r.__N),r.u=r.__N=void 0})),Et=$},P.diffed=function(e){hn&&hn(e);var t=e.__c;t&&t.__H&&(t.__H.__h.length&&vn(wn.push(t)),t.__H.__.some(function(r){r.u&&(r.__H=r.u)})),Et=$=null},P.__c=function(e,t){t.some(function(r){try{r.__h.some($e),r.__h=r.__h.filter(function(a){return!a.__||Nt(a)})}catch(a){r.__h=[function(){throw a}]}}),yn&&yn(e,t)},P.unmount=function(e){bn&&bn(e);var t,r,a=e.__c;a&&a.__H&&(a.__H.__.some(function(o){try{if(o.__P&&o.__c){if(r===void 0){for(r=e.__;r&&(!r.__c||!r.__c.__P);)r=r.__;r=r&&r.__c}o.__P=r,vn(Tt.push(o))}else $e(o)}catch(s){t=s}}),a.__H=void 0,t&&P.__e(t,a.__v))};var _n=typeof requestAnimationFrame=="function";function Ro(e){var t,r=function(){clearTimeout(a),_n&&cancelAnimationFrame(t),setTimeout(e)},a=setTimeout(r,35);_n&&(t=requestAnimationFrame(r))}function vn(e){e!=1&&mn==P.requestAnimationFrame||((mn=P.requestAnimationFrame)||Ro)(Ao)}function $e(e){var t=$,r=e.__c;typeof r=="function"&&(e.__c=void 0,r()),$=t}function Nt(e){var t=$;e.__c=e.__(),$=t}function En(e,t){return!e||e.length!=t.length||t.some(function(r,a){return!St(r,e[a])})}function Sn(e,t){return typeof t=="function"?t(e):t}var Ct="gateway:moved";function Tn(){let e=location.pathname;return e==="/"?{page:"search"}:e.startsWith("/c/")?{page:"customer",id:At(e.slice(3))}:{page:"other",name:e.slice(1)}}function At(e){try{return decodeURIComponent(e)}catch{return e}}function me(e){return`/c/${encodeURIComponent(e).replaceAll("%3A",":")}`}function oe(e,t=!1){history[t?"replaceState":"pushState"](null,"",e),dispatchEvent(new Event(Ct))}function Nn(){let[e,t]=y(Tn);return _(()=>{let r=()=>t(Tn());return addEventListener("popstate",r),addEventListener(Ct,r),()=>{removeEventListener("popstate",r),removeEventListener(Ct,r)}},[]),e}function ae(e){if(e.metaKey||e.ctrlKey||e.shiftKey||e.button!==0)return;let t=e.currentTarget;e.preventDefault(),oe(t.getAttribute("href")??"/")}function ee(){return new URLSearchParams(location.hash.slice(1))}function se(e){let t=ee();for(let[a,o]of Object.entries(e))o===""?t.delete(a):t.set(a,o);let r=t.toString();oe(location.pathname+(r?`#${r}`:""),!0)}var Cn="pge_",Oo="profile-gateway:token",Do="profile-gateway:token-wanted",An="/embed/c/",Fe=location.pathname.startsWith(An),Rn=()=>At(location.pathname.slice(An.length));function Rt(){parent.postMessage({type:Do},"*")}function On(e){let t=({source:r,origin:a,data:o})=>{let{type:s,token:i}=o??{};r===parent&&s===Oo&&typeof i=="string"&&Io(i)===a&&e(i)};return addEventListener("message",t),Rt(),()=>removeEventListener("message",t)}function Io(e){if(!e.startsWith(Cn))return null;let t=e.slice(Cn.length).split(".")[0].replaceAll("-","+").replaceAll("_","/");try{let{origin:r}=JSON.parse(atob(t));return typeof r=="string"?r:null}catch{return null}}function Ce(e,t="local"){if(Fe)return null;try{return Ot(t).getItem(e)}catch{return null}}function Ae(e,t,r="local"){if(!Fe)try{t===null?Ot(r).removeItem(e):Ot(r).setItem(e,t)}catch{}}var Ot=e=>e==="local"?localStorage:sessionStorage;var Dn={product:"Profile Gateway",skip:"Skip to content",search:{label:"Find a customer",placeholder:"Name, e-mail, phone, order or ticket number",hint:"As it is said on the phone: words in any order, nearly right is enough.",keys:"to choose, Enter to open, Esc to clear",busy:"Looking…",found:e=>e===1?"1 customer may be meant":`${e} customers may be meant`,exact:"exact",similar:"similar",tooShort:"One more letter: a single one finds everybody.",nobody:"Not in our system.",nobodySo:"Every source was asked, and none knows this.",nobodyYet:"Nobody found so far",notAsked:"This does not mean “not in our system”: not everything could be asked.",unavailable:e=>`Could not be asked: ${e}`,notTried:"Not looked for",withheldWays:"Some ways to find a customer are not open to you.",recent:"Recently opened",forget:"Forget these",openTickets:e=>e===1?"1 open ticket":`${e} open tickets`,noOpenTickets:"no open tickets",lastOrder:e=>`ordered ${e}`,by:{ACCOUNT:"company account",COMPANY:"company",CUSTOMER_ID:"customer id",EMAIL:"e-mail",EXTERNAL_ID:"id at another system",MEMBER_NUMBER:"member number",NAME:"name",ORDER_ID:"order id",ORDER_NUMBER:"order number",PHONE:"phone",TICKET_ID:"ticket id",TICKET_NUMBER:"ticket number"}},viewer:{language:"Language",waiting:"Waiting for the page around this one to say who looks.",purpose:"Purpose",noPurpose:"no purpose",choosePurpose:"For which purpose do you look?",purposeWhy:"It is sent with every question, and stands in the audit beside it.",basis:{CONSENT:"the customer's consent",CONTRACT:"a contract",LEGITIMATE_INTEREST:"a legitimate interest",LEGAL_DUTY:"a legal duty"},anonymous:"no sign-in here",signIn:"Sign in",signInWhy:"Pages show customers to people who are known. Your key is exchanged once for a session of eight hours, and is kept nowhere.",key:"Key",refused:"This key is not known, or holds no more.",noSession:"Keys begin no session here. Open this page through your company's sign-in.",signOut:"Sign out"},customer:{title:"Customer",since:e=>`customer since ${e}`,localTime:e=>`${e} there`,speaks:e=>`speaks ${e}`,kind:{PERSON:"Person",COMPANY:"Company",UNKNOWN:""},role:{DECISION_MAKER:"decides",BUYER:"buyer",USER:"user",BILLING:"billing",TECHNICAL:"technical",OTHER:"other role",UNKNOWN:""},worksAt:(e,t)=>e?`${e}, ${t}`:t,unnamed:"No name",call:"Call",write:"Write",copy:"Copy",copied:"Copied",more:e=>`${e} more`,less:"Show less",zone:e=>`All times are in your zone, ${e}.`,pinned:e=>`The clock of this gateway stands at ${e}: figures are of that time.`,asQuery:"This page as a query",openEditor:"Open the editor",close:"Close",actsFor:"In this answer the customer's id is"},state:{broken:"This part cannot be shown; the rest is not affected.",loading:"Loading",asOf:e=>`as of ${e}`,withheld:"not for your purpose",unavailable:(e,t)=>`${e} could not be asked: ${t}.`,missing:e=>`Without ${e}, which could not be asked.`,askAgain:"Ask again",asking:"Asking…",askedLately:e=>`again in ${e} s`,atLeast:e=>`at least ${e}`,noSource:"No source has these.",reason:{SOURCE_TIMEOUT:"no answer in time",SOURCE_UNAVAILABLE:"it cannot be reached",SOURCE_THROTTLED:"it asks for fewer calls",SOURCE_AUTH:"it refuses the gateway",SOURCE_PROTOCOL:"its answer cannot be read",GATEWAY_BUSY:"the gateway was held up",OFFLINE:"the gateway cannot be reached"},otherReason:e=>`it failed (${e})`,aSource:"A source"},sources:{title:"Sources",allWell:e=>e===1?"1 source, now":`${e} sources, now`,others:e=>e===1?"1 other, now":`${e} others, now`,asking:"Asking the sources…",unavailable:"not reachable",dropped:e=>e===1?"1 record left out":`${e} records left out`},tickets:{title:"Open tickets",none:e=>`No open tickets in ${e}, asked now.`,ever:e=>e===1?"1 ticket in all":`${e} tickets in all`,noSubject:"Without a subject",priority:{LOW:"Low",NORMAL:"Normal",HIGH:"High",URGENT:"Urgent",UNKNOWN:""},status:{NEW:"new",OPEN:"open",PENDING:"waits for the customer",ON_HOLD:"on hold",SOLVED:"solved",CLOSED:"closed",UNKNOWN:""},author:{CUSTOMER:"Customer",AGENT:"Support",SYSTEM:"System",UNKNOWN:"Somebody"},opened:e=>`opened ${e}`},orders:{title:"Last order",none:e=>`No orders in ${e}, asked now.`,status:{PENDING:"placed",CONFIRMED:"confirmed",PROCESSING:"being made ready",SHIPPED:"on its way",DELIVERED:"delivered",CANCELLED:"cancelled",RETURNED:"returned",UNKNOWN:""},order:e=>`Order ${e}`,refunded:e=>`${e} went back`,pieces:"Items"},spend:{title:"Spend",orders:e=>`${e} orders`,oneOrder:"1 order",since:e=>`since ${e}`,refunded:e=>`${e} refunded`,none:"Nothing bought yet."},expected:{title:"What to expect next",renewal:e=>`${e} renews`,end:e=>`${e} ends`},months:{title:"Orders by month",orders:"Orders of the last twelve months",atLeast:"At least these orders of the last twelve months",month:"Month"},subscriptions:{title:"Subscriptions",renews:e=>`renews ${e}`,ends:e=>`ends ${e}`,cancelled:e=>`cancelled ${e}`,plan:"Subscription",status:{TRIAL:"trial",ACTIVE:"active",PAST_DUE:"payment due",PAUSED:"paused",CANCELLED:"cancelled",ENDED:"ended",UNKNOWN:""},every:{DAY:"a day",WEEK:"a week",MONTH:"a month",YEAR:"a year",UNKNOWN:""}},timeline:{title:"Timeline",all:"All",only:{ORDER:"Orders",TICKET:"Tickets",EVENT:"Behaviour",DEAL:"Deals",SUBSCRIPTION:"Subscriptions",SURVEY:"Surveys"},none:"Nothing has happened yet.",more:"Show more",end:"This is where it begins.",today:"Today",yesterday:"Yesterday",events:e=>`${e} actions`,stage:{OPEN:"open",WON:"won",LOST:"lost",UNKNOWN:""},deal:"Deal",survey:{NPS:"Would recommend",CSAT:"Contentment",CES:"Ease",REVIEW:"Review",UNKNOWN:"Survey"},outOf:(e,t)=>`${e} of ${t}`,details:"Details"},contacts:{title:"Contact",none:"No e-mail address and no phone number are known.",primary:"primary",address:"Address",noAddress:"No address is known.",account:"Company",noAccount:"Belongs to no company that is known.",member:"Member number",born:"Born",prefers:"Prefers",people:e=>`${e} people`,consents:"Consents",channel:{EMAIL:"E-mail",PHONE:"Phone",SMS:"SMS",PUSH:"Push",POST:"Post",CHAT:"Chat",WEB:"Web",SOCIAL:"Social",STORE:"Store",REVIEW:"Review",UNKNOWN:"Other"},consent:{GRANTED:"yes",DENIED:"no",WITHDRAWN:"withdrawn",UNKNOWN:"not asked"},completeness:"Profile",known:e=>`${e} known`,missing:e=>`missing: ${e}`,more:"More about the customer"},records:{title:"Known by",incomplete:"There may be another record: a source could not be asked.",differ:"Whose value it is",says:(e,t)=>`${e} says ${t}`},tags:{title:"Tags",none:"No tag says anything of this customer.",partial:"partial",stale:"being renewed",why:"Why",computed:e=>`computed ${e}`,seen:"What the rule saw",whyNot:"Why nothing else",unknown:"not known",yes:"yes",no:"no",category:{LIFECYCLE:"Lifecycle",BEHAVIOUR:"Behaviour",VALUE:"Value",PREFERENCE:"Preference",SATISFACTION:"Satisfaction",SERVICE:"Service",ACQUISITION:"Acquisition"}},lost:{title:"Nobody has this id",tried:"It was tried as every key that it may be: an id of a customer, an order or a ticket, a number, an id at another system.",unsure:"Not found, and not everything could be asked",erased:"This customer was erased",erasedSo:"Nothing of the person is shown any more.",hidden:"This customer is not shown for your purpose",hiddenSo:"Choose another purpose on top, if you have one.",forbidden:"You may not open customers by id",forbiddenSo:"The settings of the gateway say by which keys you may: customer_id is not among them.",ambiguous:"Who is it?",ambiguousSo:"Several customers have this key. Open one of them.",failed:"The customer could not be asked for",search:"Search for somebody else"},failure:{offline:"The gateway cannot be reached.",other:e=>`The gateway refused this (${e}).`,askAgain:"Ask again"}};var In={product:"Profile Gateway",skip:"跳到正文",search:{label:"查找客户",placeholder:"姓名、邮箱、电话、订单号或工单号",hint:"按电话里听到的输入即可：词序不限，写得差不多就能找到。",keys:"选择，回车打开，Esc 清空",busy:"正在查找…",found:e=>`可能是以下 ${e} 位客户`,exact:"完全一致",similar:"相似",tooShort:"请再输入一个字母：一个字母会匹配所有人。",nobody:"系统中没有此人。",nobodySo:"所有来源都已查询，没有任何一个认识。",nobodyYet:"暂时没有找到",notAsked:"这并不表示“系统中没有此人”：并非所有内容都能查询。",unavailable:e=>`无法查询：${e}`,notTried:"没有查找的内容",withheldWays:"有些查找方式未对您开放。",recent:"最近打开",forget:"清除记录",openTickets:e=>`${e} 个未结工单`,noOpenTickets:"没有未结工单",lastOrder:e=>`${e}下单`,by:{ACCOUNT:"公司账号",COMPANY:"公司",CUSTOMER_ID:"客户编号",EMAIL:"邮箱",EXTERNAL_ID:"其他系统的编号",MEMBER_NUMBER:"会员号",NAME:"姓名",ORDER_ID:"订单标识",ORDER_NUMBER:"订单号",PHONE:"电话",TICKET_ID:"工单标识",TICKET_NUMBER:"工单号"}},viewer:{language:"语言",waiting:"正在等待外层页面说明由谁查看。",purpose:"用途",noPurpose:"未选用途",choosePurpose:"您出于什么用途查看？",purposeWhy:"用途会随每次查询发送，并与查询一起记入审计。",basis:{CONSENT:"客户同意",CONTRACT:"合同",LEGITIMATE_INTEREST:"正当利益",LEGAL_DUTY:"法定义务"},anonymous:"此处无需登录",signIn:"登录",signInWhy:"页面只向已知身份的人显示客户。您的密钥只使用一次，换取八小时的会话，不会保存在任何地方。",key:"密钥",refused:"此密钥无效或已失效。",noSession:"此处不能用密钥登录。请通过公司的登录入口打开本页。",signOut:"退出"},customer:{title:"客户",since:e=>`${e}起为客户`,localTime:e=>`当地 ${e}`,speaks:e=>`语言：${e}`,kind:{PERSON:"个人",COMPANY:"公司",UNKNOWN:""},role:{DECISION_MAKER:"决策人",BUYER:"采购",USER:"使用者",BILLING:"财务",TECHNICAL:"技术",OTHER:"其他角色",UNKNOWN:""},worksAt:(e,t)=>e?`${t}，${e}`:t,unnamed:"没有姓名",call:"拨打",write:"写邮件",copy:"复制",copied:"已复制",more:e=>`还有 ${e} 项`,less:"收起",zone:e=>`所有时间均为您的时区：${e}。`,pinned:e=>`网关的时钟停在 ${e}：数字以该时刻为准。`,asQuery:"查看本页的查询",openEditor:"打开编辑器",close:"关闭",actsFor:"客户编号为"},state:{broken:"此部分无法显示，其余部分不受影响。",loading:"正在加载",asOf:e=>`截至 ${e}`,withheld:"您的用途不可见",unavailable:(e,t)=>`无法查询 ${e}：${t}。`,missing:e=>`缺少 ${e} 的内容：无法查询。`,askAgain:"重新查询",asking:"正在查询…",askedLately:e=>`${e} 秒后可重试`,atLeast:e=>`至少 ${e}`,noSource:"没有提供此内容的来源。",reason:{SOURCE_TIMEOUT:"未及时答复",SOURCE_UNAVAILABLE:"无法连接",SOURCE_THROTTLED:"要求减少请求",SOURCE_AUTH:"拒绝网关访问",SOURCE_PROTOCOL:"答复无法读取",GATEWAY_BUSY:"网关繁忙",OFFLINE:"无法连接网关"},otherReason:e=>`出错（${e}）`,aSource:"某个来源"},sources:{title:"来源",allWell:e=>`${e} 个来源，刚刚查询`,others:e=>`其余 ${e} 个，刚刚查询`,asking:"正在查询各来源…",unavailable:"无法连接",dropped:e=>`略去 ${e} 条记录`},tickets:{title:"未结工单",none:e=>`${e} 中没有未结工单，刚刚查询。`,ever:e=>`共 ${e} 个工单`,noSubject:"无主题",priority:{LOW:"低",NORMAL:"普通",HIGH:"高",URGENT:"紧急",UNKNOWN:""},status:{NEW:"新建",OPEN:"处理中",PENDING:"等待客户",ON_HOLD:"搁置",SOLVED:"已解决",CLOSED:"已关闭",UNKNOWN:""},author:{CUSTOMER:"客户",AGENT:"客服",SYSTEM:"系统",UNKNOWN:"某人"},opened:e=>`${e}提出`},orders:{title:"最近订单",none:e=>`${e} 中没有订单，刚刚查询。`,status:{PENDING:"已下单",CONFIRMED:"已确认",PROCESSING:"备货中",SHIPPED:"运送中",DELIVERED:"已送达",CANCELLED:"已取消",RETURNED:"已退货",UNKNOWN:""},order:e=>`订单 ${e}`,refunded:e=>`已退 ${e}`,pieces:"商品"},spend:{title:"消费",orders:e=>`${e} 个订单`,oneOrder:"1 个订单",since:e=>`自 ${e}`,refunded:e=>`已退 ${e}`,none:"还没有购买。"},expected:{title:"接下来的预期",renewal:e=>`${e} 续订`,end:e=>`${e} 到期`},months:{title:"每月订单",orders:"最近十二个月的订单",atLeast:"最近十二个月至少有这些订单",month:"月份"},subscriptions:{title:"订阅",renews:e=>`${e}续订`,ends:e=>`${e}结束`,cancelled:e=>`${e}取消`,plan:"订阅",status:{TRIAL:"试用",ACTIVE:"有效",PAST_DUE:"待付款",PAUSED:"暂停",CANCELLED:"已取消",ENDED:"已结束",UNKNOWN:""},every:{DAY:"每天",WEEK:"每周",MONTH:"每月",YEAR:"每年",UNKNOWN:""}},timeline:{title:"时间线",all:"全部",only:{ORDER:"订单",TICKET:"工单",EVENT:"行为",DEAL:"商机",SUBSCRIPTION:"订阅",SURVEY:"调查"},none:"还没有发生任何事。",more:"显示更多",end:"从这里开始。",today:"今天",yesterday:"昨天",events:e=>`${e} 个行为`,stage:{OPEN:"进行中",WON:"赢单",LOST:"输单",UNKNOWN:""},deal:"商机",survey:{NPS:"推荐意愿",CSAT:"满意度",CES:"省力程度",REVIEW:"评价",UNKNOWN:"调查"},outOf:(e,t)=>`${e}（满分 ${t}）`,details:"详情"},contacts:{title:"联系方式",none:"没有已知的邮箱或电话。",primary:"首选",address:"地址",noAddress:"没有已知的地址。",account:"公司",noAccount:"没有已知的所属公司。",member:"会员号",born:"出生日期",prefers:"首选渠道",people:e=>`${e} 人`,consents:"授权",channel:{EMAIL:"邮件",PHONE:"电话",SMS:"短信",PUSH:"推送",POST:"信件",CHAT:"聊天",WEB:"网页",SOCIAL:"社交媒体",STORE:"门店",REVIEW:"评价",UNKNOWN:"其他"},consent:{GRANTED:"同意",DENIED:"拒绝",WITHDRAWN:"已撤回",UNKNOWN:"未询问"},completeness:"档案",known:e=>`已知 ${e}`,missing:e=>`缺少：${e}`,more:"更多信息"},records:{title:"认识此客户的系统",incomplete:"可能还有其他记录：有来源无法查询。",differ:"数值出自哪里",says:(e,t)=>`${e}：${t}`},tags:{title:"标签",none:"没有标签描述此客户。",partial:"不完整",stale:"正在更新",why:"原因",computed:e=>`计算于 ${e}`,seen:"规则看到的事实",whyNot:"为什么不是其他值",unknown:"未知",yes:"是",no:"否",category:{LIFECYCLE:"生命周期",BEHAVIOUR:"行为",VALUE:"价值",PREFERENCE:"偏好",SATISFACTION:"满意度",SERVICE:"服务",ACQUISITION:"获客"}},lost:{title:"没有人使用此编号",tried:"已按所有可能的键查找：客户、订单或工单的标识，号码，以及其他系统的编号。",unsure:"没有找到，但并非所有内容都能查询",erased:"此客户已被删除",erasedSo:"不再显示此人的任何内容。",hidden:"您的用途不可查看此客户",hiddenSo:"如有其他用途，请在上方选择。",forbidden:"您不能按编号打开客户",forbiddenSo:"网关的设置规定了您可以使用的键，其中没有 customer_id。",ambiguous:"是哪一位？",ambiguousSo:"多位客户使用此键，请打开其中一位。",failed:"无法查询此客户",search:"查找其他客户"},failure:{offline:"无法连接网关。",other:e=>`网关拒绝了此请求（${e}）。`,askAgain:"重新查询"}};var Ln={en:Dn,zh:In},Dt=Object.keys(Ln),Mn="gateway.language";function Lo(){let e=Ce(Mn);for(let t of[e??"",...navigator.languages]){let r=t.split("-")[0];if(Dt.includes(r))return r}return"en"}var W=Lo(),V=navigator.languages.find(e=>e.split("-")[0]===W)??W,l=Ln[W];function Pn(e){Ae(Mn,e),location.reload()}var Lt=null,tt=null;function Pt(e){Lt=e}function $n(e){tt=e}var Mt="gateway:signed-out";function Un(e){return addEventListener(Mt,e),()=>removeEventListener(Mt,e)}var Mo=3,Po=5;async function $o(e){for(let t=1;;t++){let r=await fetch("/graphql",e),a=Number(r.headers.get("retry-after")??NaN);if(r.status!==503||t===Mo||!(a<=Po))return r;await new Promise(o=>setTimeout(o,a*1e3))}}async function U(e,t,r){let a={"content-type":"application/json",accept:"application/json","x-csrf":"1"};Lt!==null&&(a["x-purpose"]=Lt),tt!==null&&(a.authorization=`Bearer ${tt}`);let o;try{o=await $o({method:"POST",headers:a,body:JSON.stringify({query:String(e),variables:t}),credentials:tt===null?"same-origin":"omit",cache:"no-store",...r?{signal:r}:{}})}catch(s){if(r?.aborted)throw s;return{data:null,failures:[It("OFFLINE")]}}o.status===401&&dispatchEvent(new Event(Mt));try{let s=await o.json();return!s.errors&&!("data"in s)?{data:null,failures:[It(s.code??`HTTP_${o.status}`)]}:{data:s.data??null,failures:(s.errors??[]).map(i=>Uo(i,String(e)))}}catch(s){if(r?.aborted)throw s;return{data:null,failures:[It(o.status===401?"UNAUTHENTICATED":`HTTP_${o.status}`)]}}}function Uo(e,t){let r=e.extensions??{},[a]=e.locations??[],o=a?t.split(`
`)[a.line-1]?.slice(a.column-1):void 0;return{code:r.code??"UNKNOWN",message:e.message,path:e.path??[],field:o?.match(/^\w+/)?.[0]??null,source:r.source??null,candidates:r.candidates??[],missingSources:r.missingSources??[],requestId:r.requestId??null}}function It(e){return{code:e,message:"",path:[],field:null,source:null,candidates:[],missingSources:[],requestId:null}}function ie(e,t){let[r,a]=y(null),[o,s]=y(!0),i=G(null),u=JSON.stringify(t),c=we(async()=>{i.current?.abort();let f=new AbortController;i.current=f,s(!0);try{let{data:g,failures:p}=await U(e,t,f.signal);a({of:u,data:g,failures:p}),s(!1)}catch(g){if(!f.signal.aborted)throw g}},[e,u]);_(()=>(c(),()=>i.current?.abort()),[c]);let m=r?.of===u?r:null,d=m?.data?.customer??null;return{loading:m===null,asking:o,customer:d,failures:m?.failures??[],sources:d?.sources??[],ask:c}}var Fo=e=>e.filter(t=>typeof t=="string").join(".");function ke(e,t){let r=`customer.${t}.`;return e.find(({path:a})=>a.length>0&&r.startsWith(`${Fo(a)}.`))??null}function Fn({loading:e,customer:t,failures:r}){return e||t!==null?null:r[0]??null}function nt(e,t){return e.some(r=>ge(r)&&(r.field===t||r.path.includes(t)))}function ge(e){return e!==null&&(e.code.startsWith("WITHHELD")||e.code==="FORBIDDEN")}function rt(e,t){return e.flatMap(({name:r,records:a})=>r!==null&&a.includes(t)?[r]:[])}function $t(e,t=null){return e.flatMap(({state:a,asOf:o,records:s})=>a==="STALE"&&o!==null&&(t===null||s.some(i=>t.includes(i)))?[o]:[]).sort()[0]??null}var Wo=864e5,We=new Intl.RelativeTimeFormat(V,{numeric:"auto"}),Wn=new Intl.DateTimeFormat(V,{year:"numeric",month:"short",day:"numeric"}),Bo=new Intl.DateTimeFormat(V,{month:"short",day:"numeric"}),Vo=new Intl.DateTimeFormat(V,{weekday:"long",month:"long",day:"numeric",year:"numeric"}),Ho=new Intl.DateTimeFormat(V,{year:"2-digit",month:"short"}),Qo=new Intl.DateTimeFormat(V,{hour:"2-digit",minute:"2-digit"}),Ko=new Intl.DateTimeFormat(V,{dateStyle:"medium",timeStyle:"short"}),Bn=null;function Vn(e){Bn=e}var ot=()=>new Date(Bn??Date.now()),Hn=Intl.DateTimeFormat().resolvedOptions().timeZone,H=e=>Be(Wn,e),Ut=e=>Be(Vo,e),q=e=>Be(Qo,e),F=e=>Be(Ko,e),Qn=e=>Ho.format(e);function Be(e,t){let r=new Date(t);return Number.isNaN(r.getTime())?t:e.format(r)}function at(e,t){return Be(new Date(e).getFullYear()===t.getFullYear()?Bo:Wn,e)}function fe(e,t){let r=Math.round((new Date(e).getTime()-t.getTime())/Wo);if(Number.isNaN(r))return e;let a=Math.abs(r);if(a<1){let o=Math.round((new Date(e).getTime()-t.getTime())/36e5);return Math.abs(o)<1?We.format(Math.round((new Date(e).getTime()-t.getTime())/6e4),"minute"):We.format(o,"hour")}return a<45?We.format(r,"day"):a<550?We.format(Math.round(r/30.4),"month"):We.format(Math.round(r/365.25),"year")}var I=class extends String{__apiType;value;__meta__;constructor(t,r){super(t),this.value=t,this.__meta__=r}toString(){return this.value}};var Re=new I(`
    query Behaviour($id: ID!, $records: [RecordType!], $after: String) {
  customer(by: {id: $id}) {
    id
    timeline(first: 50, records: $records, after: $after) {
      unavailable
      partial
      sources {
        ...SourceLine
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        __typename
        ... on Order {
          id
          source
          number
          placedAt
          orderStatus: status
          total {
            amount
            currency
          }
          items {
            name
            quantity
            unitPrice {
              amount
              currency
            }
          }
        }
        ... on Ticket {
          id
          source
          number
          subject
          createdAt
          ticketStatus: status
          priority
          messages {
            author
            body
            at
          }
        }
        ... on Event {
          id
          source
          at
          type
          page
          feature
        }
        ... on Deal {
          id
          source
          name
          stage
          stageName
          createdAt
          closedAt
          amount {
            amount
            currency
          }
        }
        ... on Subscription {
          id
          source
          plan
          startedAt
          subscriptionStatus: status
          amount {
            amount
            currency
          }
        }
        ... on Survey {
          id
          source
          at
          surveyKind: kind
          score
          scale
          comment
        }
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),Kn=new I(`
    query Candidates($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    name
    source
    email
    address {
      city
      country
    }
    company {
      name
    }
  }
}
    `),st=new I(`
    query Commerce($id: ID!) {
  customer(by: {id: $id}) {
    id
    orders(first: 3) {
      totalCount
      unavailable
      partial
      sources {
        ...SourceLine
      }
      nodes {
        ...OrderLine
      }
    }
    orderStatistics {
      count
      total {
        amount
        currency
      }
      refunded {
        amount
        currency
      }
      firstAt
      partial
    }
    subscriptions(first: 5) {
      unavailable
      sources {
        ...SourceLine
      }
      nodes {
        id
        source
        plan
        status
        amount {
          amount
          currency
        }
        interval
        intervalCount
        renewsAt
        cancelledAt
        endsAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment OrderLine on Order {
  id
  source
  number
  channel
  status
  placedAt
  deliveredAt
  total {
    amount
    currency
  }
  refunded {
    amount
    currency
  }
  items {
    name
    quantity
    unitPrice {
      amount
      currency
    }
  }
  payments {
    method
  }
}
fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),it=new I(`
    query Find($text: String!) {
  find(text: $text, first: 8) {
    matches {
      matchedBy
      exact
      customer {
        id
        name
        email
        phone
        memberNumber
        address {
          city
          country
        }
        company {
          name
        }
      }
    }
    unavailable
    notTried {
      source
      how
    }
    tooShort
  }
}
    `),zn=new I(`
    query FoundCards($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    orders(first: 1) {
      nodes {
        id
        placedAt
        status
      }
    }
    tickets(first: 1, filter: {status: [NEW, OPEN, PENDING, ON_HOLD]}) {
      totalCount
      unavailable
    }
  }
}
    `),Gn=new I(`
    query RecentCustomers($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    name
    address {
      city
      country
    }
    company {
      name
    }
  }
}
    `),lt=new I(`
    query Identity($id: ID!) {
  customer(by: {id: $id}) {
    id
    currentId
    source
    sourceId
    kind
    name
    email
    phone
    memberNumber
    birthDate
    locale
    jobTitle
    preferredChannel
    createdAt
    address {
      line
      postalCode
      city
      region
      country
    }
    company {
      name
      industry
      role
      roleName
    }
    contactPoints {
      kind
      value
      primary
    }
    consents {
      channel
      purpose
      state
      at
    }
    account {
      id
      name
      number
      industry
      size
    }
    records {
      source
      sourceId
      asOf
    }
    origins {
      field
      source
      rule
      others {
        source
        value
      }
    }
    identity {
      complete
      reason
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),ut=new I(`
    query Completeness($id: ID!) {
  customer(by: {id: $id}) {
    id
    completeness {
      share
      missing
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),qn=new I(`
    query Months($id: ID!, $since: DateTime!) {
  customer(by: {id: $id}) {
    id
    orders(first: 100, filter: {since: $since}) {
      unavailable
      partial
      pageInfo {
        hasNextPage
      }
      sources {
        ...SourceLine
      }
      nodes {
        id
        source
        placedAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),Yn=new I(`
    query Segments($language: String) {
  segments {
    key
    label(language: $language)
    description(language: $language)
    words(language: $language)
    owner
    condition
    count
    known
    unknown
    asOf
  }
}
    `),ct=new I(`
    query Service($id: ID!) {
  customer(by: {id: $id}) {
    id
    open: tickets(first: 10, filter: {status: [NEW, OPEN, PENDING, ON_HOLD]}) {
      totalCount
      unavailable
      partial
      sources {
        ...SourceLine
      }
      nodes {
        ...TicketLine
      }
    }
    all: tickets(first: 1) {
      totalCount
      unavailable
      nodes {
        id
        subject
        solvedAt
        createdAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment TicketLine on Ticket {
  id
  source
  number
  subject
  kind
  status
  priority
  channel
  createdAt
  messages {
    author
    body
    at
  }
}
fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),jn=new I(`
    query SourceActivity {
  sourceActivity {
    process
    at
    sources {
      source {
        name
        kind
        health
        lookups {
          record
          by
        }
      }
      since
      pausedSeconds
      heldSeconds
      breakerOpenings
      calls
      failed
      outcomes {
        code
        count
      }
      refusedLookups {
        code
        count
      }
      retries
      hedges
      latencyP50Ms
      latencyP95Ms
      recentCalls
      minutes {
        at
        calls
        failed
        latencyP50Ms
        latencyP95Ms
      }
      callsUnderWay
      maxCalls
      waitingKeys
      cacheHits
      cacheMisses
      staleAnswers
      droppedRecords {
        record
        reason
        count
      }
      unreadableValues {
        record
        path
        reason
        count
      }
      callsPerSecond
      callsLeft
      quotaLeft
    }
  }
}
    `),Xn=new I(`
    query TagDefinitions($language: String) {
  tagDefinitions {
    key
    label(language: $language)
    description(language: $language)
    words(language: $language)
    category
    owner
    version
    review
    expression
    type
    values
    valueLabels(language: $language) {
      value
      label
    }
    thresholds {
      name
      value
    }
    ttlSeconds
  }
}
    `),dt=new I(`
    query TagReport($days: Int!) {
  tagReport(days: $days) {
    key
    changedAt
    asked
    callers {
      caller
      asked
    }
    sampled
    given
    partial
    failed
    values {
      value
      count
    }
    history {
      at
      version
      fingerprint
    }
    segments
    actions
  }
}
    `),pt=new I(`
    query Tags($id: ID!, $language: String) {
  customer(by: {id: $id}) {
    id
    tags {
      key
      category
      type
      value
      values
      label(language: $language)
      valueLabel(language: $language)
      reason
      freshness
      partial
      computedAt
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),Jn=new I(`
    query WhyTag($id: ID!, $key: String!, $language: String) {
  customer(by: {id: $id}) {
    id
    tag(key: $key) {
      key
      computedAt
      rule {
        version
        words
      }
      evidence {
        name
        label(language: $language)
        value
        missing
        partial
        sources
        window {
          since
          until
        }
      }
      whyNot {
        value
        words
      }
    }
  }
}
    `),Zn=new I(`
    query Viewer {
  viewer {
    caller
    user
    purposes {
      key
      basis
    }
    needsPurpose
    purpose
    finds
    operates
    governs
    pinnedClock
    layout
  }
}
    `);var er=8,tr=e=>`gateway.recent:${e}`;function Ve(e){try{let t=JSON.parse(Ce(tr(e))??"[]");return Array.isArray(t)?t.filter(r=>typeof r=="string").slice(0,er):[]}catch{return[]}}function nr(e,t){rr(e,[t,...Ve(e).filter(r=>r!==t)].slice(0,er))}function Oe(e,t){rr(e,Ve(e).filter(r=>!t.includes(r)))}function rr(e,t){Ae(tr(e),t.length===0?null:JSON.stringify(t))}function j({amount:e,currency:t}){try{return new Intl.NumberFormat(V,{style:"currency",currency:t}).format(e)}catch{return`${e} ${t}`}}var v=e=>new Intl.NumberFormat(V).format(e),le=e=>new Intl.NumberFormat(V,{style:"percent"}).format(e),zo=new Intl.DisplayNames(V,{type:"region",fallback:"code"}),Go=new Intl.DisplayNames(V,{type:"language",fallback:"code"});function or(e){try{return zo.of(e)??e}catch{return e}}function ar(e){try{return Go.of(e.split(/[-_]/)[0])??e}catch{return e}}function D(e){let t=e.replace(/_+/g," ").replace(/(?<=\p{L})-(?=\p{L})/gu," ").trim();return/\p{Ll}\p{Lu}/u.test(t)?t.replace(/([\p{Ll}\d])(\p{Lu})/gu,"$1 $2").toLowerCase():/^[\p{Lu}\d ]+$/u.test(t)&&t.length>3?t.toLowerCase():t}function he(e){return e.charAt(0).toLocaleUpperCase(V)+e.slice(1)}function Y(e){return e==null?"":typeof e=="number"?v(e):Array.isArray(e)?e.map(Y).join(", "):typeof e=="object"?Object.values(e).filter(t=>t!==null).map(Y).join(", "):String(e)}function sr(e,t){if(!/^[A-Z]{2}$/.test(e))return null;let r=new Intl.Locale("und",{region:e}),a=r.getTimeZones?.()??r.timeZones??[],o=new Set(a.map(s=>new Intl.DateTimeFormat(V,{hour:"2-digit",minute:"2-digit",timeZone:s}).format(t)));return o.size===1?[...o][0]:null}function ir(e){let t=[...e.matchAll(/[\p{L}\p{N}]+/gu)].map(([r])=>[...r][0]);return t.length===0?"?":t.length===1?t[0]:(t[0]+t.at(-1)).toUpperCase()}var qo=Symbol.for("pv"),Yo=0;function n(e,t,r,a,o,s){t||(t={});var i,u,c=t;if("ref"in c&&typeof e!="function")for(u in c={},t)u=="ref"?i=t[u]:c[u]=t[u];var m={type:e,props:c,key:r,ref:i,__k:null,__:null,__b:0,__e:null,__c:null,constructor:qo,__v:--Yo,__i:-1,__u:0};return(o||s)&&(m.__source=o,m.__self=s),C.vnode&&C.vnode(m),m}var jo={mail:"M3 5.5h14v9H3zM3.5 6l6.5 5 6.5-5",phone:"M5 3.5h2.5l1.2 3.2-1.6 1.2a9.5 9.5 0 0 0 5 5l1.2-1.6 3.2 1.2V15a1.6 1.6 0 0 1-1.7 1.6A12.6 12.6 0 0 1 3.4 5.2 1.6 1.6 0 0 1 5 3.5z",copy:"M7 7h9v9H7zM13 7V4H4v9h3",lock:"M5 9.5h10v7H5zM7 9.5V7a3 3 0 0 1 6 0v2.5",order:"M4 6.5h12l-1 9H5zM7.5 6.5V6a2.5 2.5 0 0 1 5 0v.5",ticket:"M4 4.5h12v8H9l-3.5 3v-3H4z",event:"M10 6v4l2.8 1.8M10 17a7 7 0 1 1 0-14 7 7 0 0 1 0 14z",deal:"M4 15V9m4 6V5m4 10v-4m4 4V7",subscription:"M15.5 8A6 6 0 0 0 4.6 7.2M4.5 4v3.4h3.4M4.5 12a6 6 0 0 0 10.9.8m.1 3.2v-3.4h-3.4",survey:"m10 3.5 2 4.2 4.5.6-3.3 3.1.8 4.6-4-2.2-4 2.2.8-4.6L3.500 8.300l4.500-.6z",yes:"m5 10.5 3.5 3.500L15.500 6.500",no:"m6 6 8 8m0-8-8 8",unknown:"M6 10h8",link:"M8 5H5v10h10v-3M11 4h5v5M16 4l-7 7"};function J({name:e}){return n("svg",{class:"icon",viewBox:"0 0 20 20","aria-hidden":"true",children:n("path",{d:jo[e]})})}var Xo=1e4;function L({name:e,title:t,region:r,field:a,lines:o,records:s=[],aside:i,top:u,children:c}){let m=r.loading?null:Fn(r)??ke(r.failures,a),d=o?$t(o):$t(r.sources,s);return n("section",{class:`box box-${e}`,"data-region":e,"aria-labelledby":`box-${e}`,"aria-busy":r.loading,children:[n("header",{children:[n("h2",{id:`box-${e}`,children:t}),d!==null&&n(Jo,{since:d}),!r.loading&&m===null&&i]}),u,r.loading?n(Ee,{}):ge(m)?n(te,{}):m!==null?n(Ft,{source:m.source,code:m.code,region:r}):c]})}function Ee(){return n("div",{class:"loading",role:"status",children:[n("span",{class:"unseen",children:l.state.loading}),n("i",{}),n("i",{}),n("i",{})]})}function te(){return n("span",{class:"withheld","data-state":"withheld",children:[n(J,{name:"lock"}),l.state.withheld]})}function Jo({since:e}){return n("span",{class:"stale","data-state":"stale",children:l.state.asOf(q(e))})}function Q({children:e}){return n("p",{class:"none","data-state":"none",children:e})}function Se(e){return l.state.reason[e]??l.state.otherReason(e)}function Ft({source:e,code:t,region:r}){return n("div",{class:"unavailable","data-state":"unavailable",role:"status",children:[n("p",{children:l.state.unavailable(e??l.state.aSource,Se(t))}),n(He,{region:r})]})}function ue({sources:e,region:t}){if(e.length===0)return null;let r=t.sources.find(({name:a,errorCode:o})=>a===e[0]&&o!==null);return n("div",{class:"unavailable","data-state":"unavailable",role:"status",children:[n("p",{children:e.length===1&&r?l.state.unavailable(e[0],Se(r.errorCode)):l.state.missing(e.join(", "))}),n(He,{region:t})]})}function He({region:e}){let[t,r]=y(0),[a,o]=y(()=>Date.now()),s=Math.ceil((t-a)/1e3);_(()=>{if(s<=0)return;let u=setTimeout(()=>o(Date.now()),1e3);return()=>clearTimeout(u)},[a,s]);let i=()=>{o(Date.now()),r(Date.now()+Xo),e.ask()};return n("button",{type:"button",class:"again",disabled:e.asking||s>0,onClick:i,children:e.asking?l.state.asking:s>0?l.state.askedLately(s):l.state.askAgain})}function ur({identity:e}){let{customer:t}=e,r=t===null?[]:Zo(t);return n(L,{name:"contacts",title:l.contacts.title,region:e,field:"contactPoints",records:["CUSTOMER"],children:[r.length===0&&n(Q,{children:l.contacts.none}),n("ul",{class:"contacts",children:r.map(a=>n(ea,{...a},a.value))})]})}function Zo({contactPoints:e,email:t,phone:r}){let a=[...t!==null?[{kind:"EMAIL",value:t,primary:!0}]:[],...r!==null?[{kind:"PHONE",value:r,primary:!0}]:[]],o=(e??[]).filter(({value:s})=>!a.some(i=>i.value===s));return[...a,...o].sort((s,i)=>Number(i.primary)-Number(s.primary))}function ea({kind:e,value:t,primary:r}){let a=e==="PHONE";return n("li",{class:r?"contact":"contact secondary",children:[n(J,{name:a?"phone":"mail"}),n("a",{href:`${a?"tel":"mailto"}:${t}`,title:a?l.customer.call:l.customer.write,children:a?t:t.split("@").map((o,s)=>s===0?o:n(E,{children:["@",n("wbr",{}),o]}))}),n(Wt,{value:t})]})}function Wt({value:e,name:t=e}){let[r,a]=y(!1);if(!navigator.clipboard)return null;let o=async()=>{try{await navigator.clipboard.writeText(e),a(!0),setTimeout(()=>a(!1),1500)}catch{}};return n("button",{type:"button",class:"copy","aria-label":`${l.customer.copy}: ${t}`,title:l.customer.copy,onClick:o,children:[n(J,{name:r?"yes":"copy"}),n("span",{class:"unseen",role:"status",children:r?l.customer.copied:""})]})}function cr({identity:e}){let t=e.customer?.address??null,r=t===null?[]:[t.line,[t.postalCode,t.city].filter(Boolean).join(" "),[t.region,t.country&&or(t.country)].filter(Boolean).join(", ")].filter(Boolean);return n(L,{name:"address",title:l.contacts.address,region:e,field:"address",records:["CUSTOMER"],children:[t===null&&n(Q,{children:l.contacts.noAddress}),n("address",{children:r.map(a=>n("span",{children:a},a))})]})}function dr({identity:e}){let t=e.customer?.account??null;return n(L,{name:"account",title:l.contacts.account,region:e,field:"account",records:["ACCOUNT"],children:[t===null&&n(Q,{children:l.contacts.noAccount}),t!==null&&n("p",{children:n("strong",{children:t.name})}),n("p",{class:"facts soft",children:[t?.industry&&n("span",{children:D(t.industry)}),t?.size!=null&&n("span",{children:l.contacts.people(t.size)}),t?.number&&n("span",{children:t.number})]})]})}function ta(e){return e===null||e==="UNKNOWN"?null:l.contacts.channel[e]}var lr=3;function na(e){let t=e.length-lr;return[...e.slice(0,lr).map(D),...t>0?[l.customer.more(t)]:[]].join(", ")}function pr({identity:e,completeness:t,own:r}){let{customer:a,failures:o}=e,s=a===null?[]:[["memberNumber",l.contacts.member,a.memberNumber],["birthDate",l.contacts.born,a.birthDate&&H(a.birthDate.length===10?`${a.birthDate}T12:00:00`:a.birthDate)],["preferredChannel",l.contacts.prefers,ta(a.preferredChannel)],...r.map(([c,m])=>[c,c,m])],{share:i=null,missing:u=[]}=t.customer?.completeness??{};return n(L,{name:"profile",title:l.contacts.completeness,region:e,field:"id",records:["CUSTOMER"],children:[n("dl",{class:"pairs",children:s.map(([c,m,d])=>{let f=d===null&&ge(ke(o,c));return d===null&&!f?null:n("div",{children:[n("dt",{children:m}),n("dd",{children:f?n(te,{}):d})]},c)})}),i!==null&&n(E,{children:[n("meter",{min:0,max:1,value:i,"aria-label":l.contacts.completeness}),n("p",{class:"soft small",children:[l.contacts.known(le(i)),u.length>0&&`; ${l.contacts.missing(na(u))}`]})]})]})}function mr({id:e}){let t=G(null),[r,a]=y(!1),o=[lt,ut,ct,st,Re,pt].map(u=>String(u).trim()).join(`

`),s=JSON.stringify({id:e,language:W});return n(E,{children:[n("button",{type:"button",class:"quiet",onClick:async()=>{t.current?.showModal();let u=await fetch("/graphql",{headers:{accept:"text/html"},cache:"no-store"}).catch(()=>null);a(u?.headers.get("content-type")?.startsWith("text/html")??!1)},children:l.customer.asQuery}),n("dialog",{ref:t,class:"as-query","aria-label":l.customer.asQuery,children:[n("header",{children:[n("h2",{children:l.customer.asQuery}),n(Wt,{value:o,name:l.customer.asQuery}),r&&n("a",{href:"/graphql",children:l.customer.openEditor}),n("button",{type:"button",class:"quiet",onClick:()=>t.current?.close(),children:l.customer.close})]}),n("p",{class:"soft",children:[l.customer.actsFor," ",n("code",{children:e})]}),n("pre",{tabIndex:0,children:`# ${s}
${o}`})]})]})}function gr({tags:e,commerce:t,now:r}){let a=(e.customer?.tags??[]).flatMap(({key:o,type:s,value:i,label:u,partial:c})=>s==="DATE"&&i!==null?[{key:o,words:u,day:i,partial:c}]:[]);for(let{id:o,plan:s,renewsAt:i,endsAt:u}of t.customer?.subscriptions?.nodes??[]){let c=s??l.subscriptions.plan,m=u??i;m!==null&&new Date(m)>=r&&a.push({key:o,words:u===null?l.expected.renewal(c):l.expected.end(c),day:m,partial:!1})}return!e.loading&&a.length===0?null:(a.sort((o,s)=>o.day.localeCompare(s.day)),n(L,{name:"expected",title:l.expected.title,region:e,field:"tags",children:n("ul",{class:"rows",children:a.map(({key:o,words:s,day:i,partial:u})=>n("li",{children:[n("span",{children:[s,u&&n("span",{class:"soft",children:[" (",l.tags.partial,")"]})]}),n("span",{class:"soft",children:[H(i),", ",fe(i,r)]})]},o))})}))}var ra=["SERVICE","LIFECYCLE","VALUE","SATISFACTION","BEHAVIOUR","PREFERENCE","ACQUISITION"],oa=["LIFECYCLE","VALUE","BEHAVIOUR"];function fr(e,t){return t.length>0?t.flatMap(r=>e.find(a=>a.key===r)??[]).slice(0,3):oa.flatMap(r=>{let a=e.filter(o=>o.category===r&&o.type==="ENUM");return a.find(({value:o})=>o!==null)??a[0]??[]})}function hr(e){return e.value===null?l.tags.unknown:e.type==="DATE"?H(e.value):e.type==="LIST"?(e.values??[]).map(D).join(", "):e.type==="BOOLEAN"?e.value==="true"?l.tags.yes:l.tags.no:e.value==="YES"?l.tags.yes:e.value==="NO"?l.tags.no:e.valueLabel!==null&&e.valueLabel!==e.value?e.valueLabel:e.type==="ENUM"?D(e.value).toLowerCase():D(e.value)}function yr({tag:e}){let t=()=>se({tag:e.key});return n("button",{type:"button",class:e.partial?"chip partial":"chip","data-state":e.partial?"partial":void 0,onClick:t,children:[e.label,": ",n("b",{children:hr(e)}),e.partial&&n("span",{class:"soft",children:[" (",l.tags.partial,")"]})]})}function br({id:e,tags:t}){let r=t.customer?.tags??[],a=ee().get("tag");return _(()=>{a!==null&&document.getElementById(`tag-${a}`)?.scrollIntoView({block:"nearest"})},[a,t.loading]),n(L,{name:"tags",title:l.tags.title,region:t,field:"tags",children:[r.length===0&&n(Q,{children:l.tags.none}),ra.map(o=>{let s=r.filter(i=>i.category===o);return s.length===0?null:n("div",{class:"tag-group",children:[n("h3",{children:l.tags.category[o]}),n("ul",{children:s.map(i=>n("li",{id:`tag-${i.key}`,children:[n("button",{type:"button",class:i.partial?"tag partial":"tag","data-state":i.partial?"partial":void 0,"aria-expanded":a===i.key,onClick:()=>se({tag:a===i.key?"":i.key}),children:[n("span",{children:i.label}),n("b",{children:[hr(i),i.partial&&n("span",{class:"soft",children:[" (",l.tags.partial,")"]})]})]}),a===i.key&&n(aa,{id:e,name:i.key})]},i.key))})]},o)})]})}function aa({id:e,name:t}){let[r,a]=y(null);if(_(()=>{let c=new AbortController;return U(Jn,{id:e,key:t,language:W},c.signal).then(({data:m})=>a({why:m?.customer?.tag??null}),()=>{}),()=>c.abort()},[e,t]),r===null)return n(Ee,{});if(r.why===null)return n("p",{class:"none",children:l.tags.unknown});let{rule:o,evidence:s,whyNot:i,computedAt:u}=r.why;return n("div",{class:"why",children:[n("p",{children:o.words}),n("h4",{children:l.tags.seen}),n("dl",{children:s.map(c=>n("div",{children:[n("dt",{children:he(c.label)}),n("dd",{children:[c.missing!==null?Se(c.missing):sa(c.value),c.partial&&` (${l.tags.partial})`]})]},c.name))}),i.length>0&&n(E,{children:[n("h4",{children:l.tags.whyNot}),n("ul",{class:"why-not",children:i.map((c,m)=>n("li",{children:[c.value!==null&&n("b",{children:D(c.value)})," ",c.words]},m))})]}),n("p",{class:"soft small",children:l.tags.computed(F(u))})]})}function sa(e){return e===null?l.tags.unknown:typeof e=="string"&&/^\d{4}-\d\d-\d\dT/.test(e)?F(e):typeof e=="boolean"?e?l.tags.yes:l.tags.no:Y(e)}function xr({identity:e,tags:t,chosen:r,now:a}){let{customer:o,failures:s}=e;if(o===null)return n("header",{class:"who-is loading","aria-busy":"true",children:[n("i",{class:"portrait"}),n("div",{class:"who-words",children:[n("i",{}),n("i",{})]}),n("div",{class:"who-more"}),n("b",{class:"call"})]});let i=o.name!==null,u=t.customer?.tags??[],c=fr(u,r);return n("header",{class:"who-is","data-region":"header",children:[n("span",{class:"portrait","aria-hidden":"true",children:i?ir(o.name):"·"}),n("div",{class:"who-words",children:[n("h1",{children:i?o.name:ge(ke(s,"name"))?n(te,{}):l.customer.unnamed}),n("p",{class:"facts",children:ia(o).map(m=>n("span",{children:m},m))}),n("p",{class:"facts soft",children:la(o,a).map(m=>n("span",{children:m},m))})]}),n("div",{class:"who-more",children:[n("ul",{class:"chips","aria-label":l.tags.title,children:[c.map(m=>n("li",{children:n(yr,{tag:m})},m.key)),u.length>c.length&&n("li",{class:"chip-more",children:["+",u.length-c.length]})]}),n(ca,{consents:o.consents,withheld:ge(ke(s,"consents"))})]}),o.phone!==null&&n("a",{class:"call primary",href:`tel:${o.phone}`,children:[n(J,{name:"phone"}),l.customer.call]})]})}function ia({kind:e,company:t,jobTitle:r,account:a}){let o=t?.name??a?.name??null,s=r??t?.roleName??(t?.role?l.customer.role[t.role]:""),i=o!==null?l.customer.worksAt(s??"",o):s??"";return[e==="COMPANY"||i===""?l.customer.kind[e??"UNKNOWN"]:"",i].filter(u=>u!=="")}function la({createdAt:e,address:t,locale:r},a){let o=t?.country?sr(t.country,a):null;return[e!==null?l.customer.since(H(e)):"",t?.city??"",o!==null?l.customer.localTime(o):"",r!==null?l.customer.speaks(ar(r)):""].filter(s=>s!=="")}var ua={GRANTED:"yes",DENIED:"no",WITHDRAWN:"no",UNKNOWN:"unknown"};function ca({consents:e,withheld:t}){return t?n(te,{}):e===null||e.length===0?null:n("ul",{class:"consents","aria-label":l.contacts.consents,children:e.slice(0,4).map(({channel:r,purpose:a,state:o})=>n("li",{class:`consent ${o.toLowerCase()}`,children:[n(J,{name:ua[o]??"unknown"}),[l.contacts.channel[r],a].filter(Boolean).join(" · "),": ",l.contacts.consent[o]]},`${r}${a}`))})}var da={right:["tickets","last-order","spend"],middle:["timeline"],left:["contacts","address","account","profile","records"],below:["expected","subscriptions","tags","months"]};function _r(e){let t=typeof e=="object"&&e!==null?e:{},r=a=>{let o=t[a];return Array.isArray(o)?o.filter(s=>typeof s=="string"):[]};return{regions:r("regions"),hide:new Set(r("hide")),fields:r("fields").filter(a=>/^[a-z][A-Za-z0-9]*$/.test(a)),tags:r("tags")}}function vr(e,t){let r=da[e],a=t.regions.filter(o=>r.includes(o));return[...a,...r.filter(o=>!a.includes(o))].filter(o=>!t.hide.has(o))}function mt({found:e}){let{result:t,failures:r}=e;if(t===null){let u=r[0]?.code??"UNKNOWN";return n("p",{class:"note grey",role:"alert",children:u==="OFFLINE"?l.failure.offline:l.failure.other(u)})}if(t.tooShort)return n("p",{class:"note",children:l.search.tooShort});let{matches:a,unavailable:o,notTried:s}=t,i=o.length===0&&s.length===0;return n("div",{class:"silence",children:[a.length===0&&n("p",{class:"silence-nobody",role:"status",children:[n("strong",{children:i?l.search.nobody:l.search.nobodyYet})," ",i?l.search.nobodySo:l.search.notAsked]}),o.length>0&&n("p",{class:"note grey",children:l.search.unavailable(o.join(", "))}),s.length>0&&n("details",{class:"note",open:a.length===0,children:[n("summary",{children:[l.search.notTried,": ",[...new Set(s.map(u=>u.source))].join(", ")]}),n("ul",{children:s.map(u=>n("li",{children:[n("b",{children:u.source})," ",u.how]},u.source+u.how))})]})]})}function wr({id:e,viewer:t,identity:r}){let a=r.failures.find(({path:s})=>s.length<=1)??null,o=a?.code??null;return _(()=>{o==="ERASED"&&Oe(t,[e])},[o]),o==="AMBIGUOUS_IDENTITY"?n(kr,{ids:a.candidates,missing:a.missingSources}):o==="ERASED"?n(Bt,{state:"erased",title:l.lost.erased,words:l.lost.erasedSo}):o==="FORBIDDEN"?n(Bt,{state:"forbidden",title:l.lost.forbidden,words:l.lost.forbiddenSo}):o==="WITHHELD_PURPOSE"?n(Bt,{state:"hidden",title:l.lost.hidden,words:l.lost.hiddenSo}):o!==null&&o!=="INVALID_KEY"?n("main",{id:"content",class:"lost","data-state":"failed",children:[n("h1",{children:l.lost.failed}),n(Ft,{source:a.source,code:o,region:r}),n(Vt,{})]}):n(pa,{id:e,viewer:t})}function Vt(){return n("p",{children:n("a",{href:"/",onClick:ae,children:l.lost.search})})}function Bt({state:e,title:t,words:r}){return n("main",{id:"content",class:"lost","data-state":e,children:[n("h1",{children:t}),n("p",{children:r}),n(Vt,{})]})}function pa({id:e,viewer:t}){let[r,a]=y(null),[o,s]=y([]);_(()=>{let c=new AbortController;return U(it,{text:e},c.signal).then(({data:m,failures:d})=>{s(d);let f=m?.find.matches.filter(p=>p.exact)??[],g=f.length===1?f[0].customer.id:null;g!==null&&g!==e?oe(me(g),!0):a(m?.find??{matches:[],unavailable:[],notTried:[],tooShort:!1}),m&&m.find.unavailable.length===0&&Oe(t,[e])},()=>{}),()=>c.abort()},[e]);let i=r?.matches.filter(c=>c.exact)??[];if(i.length>1)return n(kr,{ids:i.map(({customer:c})=>c.id),missing:r?.unavailable??[]});if(r===null)return n("main",{id:"content",class:"lost","aria-busy":"true",children:n(Ee,{})});let u=o.length===0&&r.unavailable.length===0&&r.notTried.length===0;return n("main",{id:"content",class:"lost","data-state":"not-found",children:[n("h1",{children:u?l.lost.title:l.lost.unsure}),n("p",{children:l.lost.tried}),n("div",{class:"finder-result",children:n(mt,{found:{text:e,result:o.length>0?null:r,failures:o,cards:new Map}})}),n(Vt,{})]})}function kr({ids:e,missing:t}){let[r,a]=y([]);return _(()=>{U(Kn,{ids:[...e]}).then(({data:o})=>a((o?.customers??[]).filter(s=>s!==null)))},[e.join()]),n("main",{id:"content",class:"lost","data-state":"ambiguous",children:[n("h1",{children:l.lost.ambiguous}),n("p",{children:l.lost.ambiguousSo}),t.length>0&&n("p",{class:"note grey",children:l.state.missing(t.join(", "))}),n("ul",{class:"cards",children:r.map(o=>n("li",{children:n("a",{href:me(o.id),onClick:ae,children:[n("strong",{children:o.name??o.id}),n("span",{children:[o.company?.name,o.address?.city??o.address?.country].filter(Boolean).join(" · ")}),n("span",{children:o.email})]})},o.id))})]})}var Qe=class extends Te{state={broken:!1};static getDerivedStateFromError(){return{broken:!0}}componentDidCatch(t){console.error(t.name)}render(){return this.state.broken?n("p",{class:"unavailable","data-state":"broken",role:"alert",children:l.state.broken}):n(E,{children:this.props.children})}};var Er={nobody:"无",nav:{label:"页面",customers:"客户",sources:"数据源",tags:"标签",segments:"客群"},chart:{table:"以表格显示",time:"时间",count:"数量",share:"占比",line:(e,t,r)=>`${e}：最近 ${t}，最高 ${r}。`},sources:{title:"数据源",right:"数据源状况仅供网关运维人员查看：调用方须设置 operate = true。",process:(e,t)=>`由进程 ${e} 在 ${t} 统计，其他工作进程各自统计。`,health:{USABLE:"正常查询",PAUSED:"暂停查询",PROBING:"正在试探"},paused:e=>`因持续失败，还要暂停 ${e} 秒`,held:e=>`数据源要求 ${e} 秒内不要查询。`,since:"统计起点",calls:"调用",failed:"失败",p50:"半数耗时不超过",p95:"95% 耗时不超过",recent:e=>`最近五分钟 ${e} 次调用`,none:"最近五分钟没有调用",underWay:"进行中",ofMost:(e,t)=>`${e} / ${t}`,waiting:"等待的键",retries:"重试",openings:"累计暂停",times:e=>`${e} 次`,cache:"由缓存回答",stale:"以旧答案代替",quota:"剩余调用",left:(e,t)=>`现在 ${e}，每秒 ${t}`,quotaLeft:e=>`其自身配额剩余 ${e}`,noQuota:"未设上限",finds:"可查找",perMinute:"每分钟调用",latency:"每分钟耗时",outcomes:"调用结果",code:"代码",ok:"已回答",cancelled:"已放弃",refused:"未调用即拒绝的查询",dropped:"略去的记录",unreadable:"无法读取的值",what:"内容",reason:{missing:"缺失",malformed:"格式不符","out of range":"超出范围"},allReadable:"全部可以读取。",ms:e=>`${e} 毫秒`},tags:{title:"标签",right:"标签的使用与总体分布仅供标签负责人查看：调用方须设置 govern = true。",days:"最近",someDays:e=>`${e} 天`,owner:"负责人",version:"版本",since:"生效起点",review:"复查期限",notNoted:"尚未记录",ttl:"有效期",hours:e=>`${e} 小时`,rule:"规则",thresholds:"阈值",values:"取值",value:"值",noValue:"无值",sample:e=>`随机抽取 ${e} 位客户的取值`,nothingStored:"还没有客户存有此标签。",quality:"完整程度",state:"状态",whole:"完整",partial:"不完整",failed:"失败",usage:e=>`${e} 天内提供给`,caller:"调用方",noName:"无名称",neverAsked:"无人查询过。",readBy:"读取它的客群",starts:"由它触发的动作",history:"规则历史",fingerprint:"规则"},segments:{title:"客群",none:"没有定义客群。",sizes:"成员",segment:"客群",owner:"负责人",condition:"条件",uploaded:"上传的名单",asOf:"统计时间",notCounted:"尚未统计。",spread:"在已计算的客户中",state:"状态",inside:"属于",outside:"不属于",unknown:"无法判断",usage:e=>`${e} 天内查询者`}};var Sr={nobody:"none",nav:{label:"Pages",customers:"Customers",sources:"Sources",tags:"Tags",segments:"Segments"},chart:{table:"As a table",time:"Time",count:"Count",share:"Share",line:(e,t,r)=>`${e}: ${t} last, ${r} at most.`},sources:{title:"Sources",right:"How sources are is for those who operate the gateway: callers with operate = true.",process:(e,t)=>`As the process ${e} knows at ${t}. Other workers count their own calls.`,health:{USABLE:"asked",PAUSED:"left alone",PROBING:"being tried"},paused:e=>`for ${e} s more, as it kept failing`,held:e=>`It has asked to be left alone for ${e} s.`,since:"Counted since",calls:"Calls",failed:"Failed",p50:"Half within",p95:"95 of 100 within",recent:e=>`of ${e} calls in five minutes`,none:"no calls in five minutes",underWay:"Under way",ofMost:(e,t)=>`${e} of ${t}`,waiting:"Keys that wait",retries:"Made again",openings:"Left alone so far",times:e=>`${e} times`,cache:"Answered from the cache",stale:"Older answers stood in",quota:"Calls left",left:(e,t)=>`${e} now, ${t} a second`,quotaLeft:e=>`${e} of its own quota`,noQuota:"no limit is set",finds:"Finds",perMinute:"Calls a minute",latency:"Latency a minute",outcomes:"How calls ended",code:"Code",ok:"answered",cancelled:"given up",refused:"Lookups refused without a call",dropped:"Records left out",unreadable:"Values that could not be read",what:"What",reason:{missing:"missing",malformed:"of another form","out of range":"out of range"},allReadable:"Everything could be read.",ms:e=>`${e} ms`},tags:{title:"Tags",right:"Who uses tags, and what they say on the whole, is for those who govern them: callers with govern = true.",days:"Of the last",someDays:e=>`${e} days`,owner:"Owner",version:"Version",since:"In force since",review:"To be looked at by",notNoted:"not noted yet",ttl:"Fresh for",hours:e=>`${e} h`,rule:"The rule",thresholds:"Thresholds",values:"Values",value:"Value",noValue:"no value",sample:e=>`What ${e} customers have, chosen at random`,nothingStored:"No customer has it stored yet.",quality:"How complete it is",state:"State",whole:"complete",partial:"partial",failed:"failed",usage:e=>`Given to, in ${e} days`,caller:"Caller",noName:"without a name",neverAsked:"Nobody has asked for it.",readBy:"Segments that read it",starts:"Actions that it starts",history:"History of the rule",fingerprint:"Rule"},segments:{title:"Segments",none:"No segments are defined.",sizes:"Members",segment:"Segment",owner:"Owner",condition:"The condition",uploaded:"an uploaded list",asOf:"Counted",notCounted:"Not counted yet.",spread:"Of the customers that were computed",state:"State",inside:"in it",outside:"not in it",unknown:"cannot be told",usage:e=>`Asked for by, in ${e} days`}};var ma={en:Sr,zh:Er},T=ma[W];function Z({title:e,of:t,bars:r}){let a=Math.max(1,...r.map(({value:s,of:i})=>i??s));if(r.length===0)return null;let o=r.some(({of:s})=>s!==void 0);return n("table",{class:"chart bars","data-chart":"bars",children:[n("caption",{children:e}),n("thead",{class:"unseen",children:n("tr",{children:[n("th",{scope:"col",children:t}),n("th",{scope:"col",children:T.chart.count}),o&&n("th",{scope:"col",children:T.chart.share})]})}),n("tbody",{children:r.map(({label:s,value:i,of:u,soft:c})=>n("tr",{children:[n("th",{scope:"row",children:s}),n("td",{class:"drawn",children:[n("svg",{viewBox:"0 0 100 10",preserveAspectRatio:"none","aria-hidden":"true",children:[n("rect",{class:"ground",width:"100",height:"10"}),n("rect",{class:c?"bar-soft":"bar-full",width:100*i/a,height:"10"})]}),n("span",{class:"figure",children:v(i)})]}),o&&n("td",{class:"figure share",children:u?le(i/u):""})]},s))})]})}var Tr=12;function Nr(e){return(e.commerce.customer?.orders?.nodes.length??0)>0?n(ga,{...e}):null}function ga({id:e,now:t}){let r=ve(()=>Array.from({length:Tr},(u,c)=>new Date(t.getFullYear(),t.getMonth()-Tr+1+c,1)),[t.getFullYear(),t.getMonth()]),a=ie(qn,{id:e,since:r[0].toISOString()}),o=a.customer?.orders??null,s=o!==null&&(o.pageInfo.hasNextPage||o.partial||o.unavailable.length>0),i=r.map((u,c)=>{let m=r[c+1];return(o?.nodes??[]).filter(({placedAt:d})=>{let f=new Date(d);return f>=u&&(m===void 0||f<m)}).length});return n(L,{name:"months",title:l.months.title,region:a,field:"orders",lines:o?.sources,children:[n(ue,{sources:o?.unavailable??[],region:a}),o!==null&&n(Z,{title:s?l.months.atLeast:l.months.orders,of:l.months.month,bars:r.map((u,c)=>({label:Qn(u),value:i[c]}))})]})}var Cr=3,fa=["CANCELLED","RETURNED"];function Ar({commerce:e,now:t}){let r=e.customer?.orders??null,a=r?.nodes[0],o=rt(e.sources,"ORDER");return n(L,{name:"last-order",title:l.orders.title,region:e,field:"orders",lines:r?.sources,aside:a&&n("span",{class:`status ${Ht(a.status)}`,children:l.orders.status[a.status]}),children:[n(ue,{sources:r?.unavailable??[],region:e}),!a&&o.length===0&&n(Q,{children:l.state.noSource}),!a&&o.length>0&&r?.unavailable.length===0&&n(Q,{children:l.orders.none(o.join(", "))}),a&&n(ha,{order:a,now:t})]})}function Ht(e){return e==="DELIVERED"?"good":fa.includes(e)?"bad":"open"}function ha({order:e,now:t}){let r=e.items.length-Cr,a=e.refunded!==null&&Number(e.refunded.amount)>0;return n("div",{class:"order",children:[n("p",{class:"order-line",children:[n("span",{title:F(e.placedAt),children:[at(e.placedAt,t)," ",n("span",{class:"soft",children:fe(e.placedAt,t)})]}),e.total!==null&&n("strong",{class:"amount",children:j(e.total)})]}),n("ul",{class:"items","aria-label":l.orders.pieces,children:[e.items.slice(0,Cr).map((o,s)=>n("li",{children:[n("span",{children:o.name??"–"}),String(o.quantity)!=="1"&&n("span",{class:"soft",children:["× ",o.quantity]})]},s)),r>0&&n("li",{class:"soft",children:l.customer.more(r)})]}),a&&n("p",{class:"soft",children:l.orders.refunded(j(e.refunded))}),e.number!==null&&n("p",{class:"soft small",children:l.orders.order(e.number)})]})}function Rr({commerce:e}){let t=e.customer?.orderStatistics??null,r=t?.partial??!1,a=t&&(r?l.state.atLeast(v(t.count)):v(t.count));return n(L,{name:"spend",title:l.spend.title,region:e,field:"orderStatistics",records:["ORDER"],children:t&&n(E,{children:[n("ul",{class:"sums",children:t.total.map(o=>n("li",{class:"amount",children:r?l.state.atLeast(j(o)):j(o)},o.currency))}),t.count===0&&!r?n(Q,{children:l.spend.none}):n("p",{class:"facts soft",children:[n("span",{children:t.count===1&&!r?l.spend.oneOrder:l.spend.orders(a??"")}),t.firstAt!==null&&n("span",{children:l.spend.since(H(t.firstAt))}),t.refunded.filter(o=>Number(o.amount)>0).map(o=>n("span",{children:l.spend.refunded(j(o))},o.currency))]})]})})}function Or({commerce:e}){let t=e.customer?.subscriptions??null;return!e.loading&&t?.nodes.length===0&&t.unavailable.length===0?null:n(L,{name:"subscriptions",title:l.subscriptions.title,region:e,field:"subscriptions",lines:t?.sources,children:[n(ue,{sources:t?.unavailable??[],region:e}),n("ul",{class:"rows",children:t?.nodes.map(r=>n("li",{children:[n("span",{children:[r.plan??l.subscriptions.plan," ",n("span",{class:"soft",children:ya(r)??l.subscriptions.status[r.status]})]}),r.amount!==null&&n("span",{class:"soft",children:[j(r.amount)," ",l.subscriptions.every[r.interval]]})]},r.id))})]})}function ya({renewsAt:e,cancelledAt:t,endsAt:r}){return r!==null?l.subscriptions.ends(H(r)):t!==null?l.subscriptions.cancelled(H(t)):e!==null?l.subscriptions.renews(H(e)):null}function Dr(e,t){let[r,a]=y([]),o=t.join(" ");return _(()=>{if(o==="")return;let s=new I(`query OwnFields($id: ID!) { customer(by: {id: $id}) { id ${o} } }`),i=new AbortController;return U(s,{id:e},i.signal).then(({data:u})=>a(t.flatMap(c=>{let m=Y(u?.customer?.[c]);return m===""?[]:[[he(D(c)),D(m)]]})),()=>{}),()=>i.abort()},[e,o]),r}function Ir({identity:e}){let{customer:t}=e,r=(t?.origins??[]).flatMap(({field:a,source:o,others:s})=>{let i=Y(ba(t,a)),u=s.filter(({value:c})=>Y(c)!==i);return o!==null&&u.length>0&&i!==""?[{field:a,source:o,own:i,other:u}]:[]});return n(L,{name:"records",title:l.records.title,region:e,field:"records",children:[n("ul",{class:"rows",children:t?.records.map(({source:a,sourceId:o})=>n("li",{children:[n("span",{children:a}),n("code",{children:o})]},a+o))}),t?.identity.complete===!1&&n("p",{class:"soft small",children:l.records.incomplete}),r.length>0&&n(E,{children:[n("h3",{children:l.records.differ}),n("dl",{class:"origins",children:r.map(({field:a,source:o,own:s,other:i})=>n("div",{children:[n("dt",{children:he(D(a))}),n("dd",{children:l.records.says(o,s)}),i.map(u=>n("dd",{class:"soft",children:l.records.says(u.source,Y(u.value))},u.source))]},a))})]})]})}function ba(e,t){return e===null?null:e[t]}var Lr=["UNAVAILABLE","STALE","FRESH","NOT_CONFIGURED"];function $r({regions:e}){let t=_a(e),r=e.some(c=>c.loading),a=t.filter(({state:c})=>c==="UNAVAILABLE"),o=t.filter(({state:c,asOf:m})=>c==="STALE"&&m!==null),s=t.filter(({state:c,droppedRecords:m})=>c==="FRESH"&&m>0),i=[...a,...o],u=t.length-i.length;return n("div",{class:"strip",role:"group","aria-label":l.sources.title,children:[r&&t.length===0&&n("span",{class:"pill",children:l.sources.asking}),a.length>0&&n("span",{class:"pill unavailable",children:[n("i",{class:"dot","aria-hidden":"true"}),Mr(a),": ",l.sources.unavailable,n(He,{region:Pr(a,e)})]}),o.length>0&&n("span",{class:"pill stale",children:[n("i",{class:"dot","aria-hidden":"true"}),Mr(o),": ",l.state.asOf(q(o.map(({asOf:c})=>c??"").sort()[0])),n(He,{region:Pr(o,e)})]}),s.map(c=>n("span",{class:"pill",children:[c.name,": ",l.sources.dropped(c.droppedRecords)]},c.name)),u>0&&n("span",{class:"pill fresh",title:t.map(({name:c})=>c).join(", "),children:[n("i",{class:"dot","aria-hidden":"true"}),i.length===0?l.sources.allWell(u):l.sources.others(u)]})]})}var xa=3;function Mr(e){let t=e.map(({name:r})=>r);return t.length>xa?`${t.slice(0,2).join(", ")} +${t.length-2}`:t.join(", ")}function _a(e){let t=new Map;for(let r of e.flatMap(a=>a.sources)){if(r.name===null||r.state==="NOT_CONFIGURED")continue;let a=t.get(r.name);(!a||Lr.indexOf(r.state)<Lr.indexOf(a.state))&&t.set(r.name,r)}return[...t.values()]}function Pr(e,t){let r=e.map(({name:o})=>o),a=t.filter(({sources:o})=>o.some(({name:s,state:i})=>r.includes(s)&&(i==="UNAVAILABLE"||i==="STALE")));return{...t[0],asking:a.some(({asking:o})=>o),ask:()=>a.forEach(({ask:o})=>o())}}var Qt=2,Ur=["URGENT","HIGH","NORMAL","LOW","UNKNOWN"];function Fr({service:e,now:t}){let[r,a]=y(!1),o=e.customer?.open??null,s=[...o?.nodes??[]].sort((f,g)=>Ur.indexOf(f.priority)-Ur.indexOf(g.priority)||g.createdAt.localeCompare(f.createdAt)),i=o===null||o.unavailable.length>0||o.partial?null:o.totalCount,u=i!==null?String(i):s.length>0?l.state.atLeast(String(s.length)):"",c=e.customer?.all?.totalCount??null,m=nt(e.failures,"subject"),d=rt(e.sources,"TICKET");return n(L,{name:"tickets",title:l.tickets.title,region:e,field:"open",lines:o?.sources,aside:s.length>0&&n("span",{class:"count",children:u}),children:[n(ue,{sources:o?.unavailable??[],region:e}),s.length===0&&d.length===0&&n(Q,{children:l.state.noSource}),s.length===0&&d.length>0&&o?.unavailable.length===0&&n(Q,{children:[l.tickets.none(d.join(", "))," ",c!==null&&c>0&&n("span",{class:"soft",children:l.tickets.ever(c)})]}),n("ul",{class:s.length===1?"tickets single":"tickets",children:(r?s:s.slice(0,Qt)).map(f=>n("li",{children:n(va,{ticket:f,now:t,hidden:m})},f.id))}),s.length===1&&c!==null&&c>1&&n("p",{class:"soft small",children:l.tickets.ever(c)}),s.length>Qt&&n("button",{type:"button",class:"quiet","aria-expanded":r,onClick:()=>a(!r),children:r?l.customer.less:l.customer.more(s.length-Qt)})]})}function va({ticket:e,now:t,hidden:r}){let a=e.messages.at(-1),o=l.tickets.priority[e.priority];return n("article",{class:"ticket",children:[n("h3",{children:e.subject??(r?n(te,{}):l.tickets.noSubject)}),n("p",{class:"facts soft",children:[o&&n("span",{class:`priority ${e.priority.toLowerCase()}`,children:o}),n("span",{children:l.tickets.status[e.status]}),n("span",{title:F(e.createdAt),children:l.tickets.opened(fe(e.createdAt,t))})]}),a?.body&&n("p",{class:"last-message",children:[n("b",{children:[l.tickets.author[a.author],":"]})," ",a.body]})]})}function K(e){switch(e.__typename){case"Order":return e.placedAt;case"Ticket":case"Deal":return e.createdAt;case"Subscription":return e.startedAt;case"Event":case"Survey":return e.at}}var wa={Order:"order",Ticket:"ticket",Event:"event",Deal:"deal",Subscription:"subscription",Survey:"survey"};function Wr({entry:e,hidden:t}){let r=ee().get("open")===e.id,a=Ea(e),o=n(E,{children:[n(J,{name:wa[e.__typename]}),n("span",{class:"entry-words",children:Vr(e,t)}),n("time",{dateTime:K(e),title:F(K(e)),children:q(K(e))})]});return n("li",{class:`entry ${e.__typename.toLowerCase()}`,children:[a===null?n("div",{class:"entry-head",children:o}):n("button",{type:"button",class:"entry-head","aria-expanded":r,onClick:()=>se({open:r?"":e.id}),children:o}),r&&n("div",{class:"entry-details",children:a})]})}function Br({events:e}){let t=e[0].id,r=ee().get("open")===t,a=new Map;for(let s of e)s.__typename==="Event"&&a.set(s.type,(a.get(s.type)??0)+1);let o=[...a].map(([s,i])=>i>1?`${D(s)} × ${i}`:D(s));return n("li",{class:"entry event",children:[n("button",{type:"button",class:"entry-head","aria-expanded":r,onClick:()=>se({open:r?"":t}),children:[n(J,{name:"event"}),n("span",{class:"entry-words",children:[l.timeline.events(e.length)," ",n("span",{class:"soft",children:o.join(", ")})]}),n("time",{dateTime:K(e[0]),children:q(K(e[0]))})]}),r&&n("ol",{class:"entry-details",children:e.map(s=>n("li",{class:"entry-event",children:[n("span",{children:Vr(s)}),n("time",{dateTime:K(s),children:q(K(s))})]},s.id))})]})}function Vr(e,t=!1){switch(e.__typename){case"Order":return n(E,{children:[n("b",{children:e.number===null?l.timeline.only.ORDER:l.orders.order(e.number)})," ",e.total!==null&&j(e.total)," ",n("span",{class:`status ${Ht(e.orderStatus)}`,children:l.orders.status[e.orderStatus]})]});case"Ticket":return n(E,{children:[n("b",{children:e.subject??(t?n(te,{}):l.tickets.noSubject)})," ",n("span",{class:ka(e)?"status bad":"status",children:l.tickets.status[e.ticketStatus]})]});case"Event":return n(E,{children:[he(D(e.type))," ",n("span",{class:"soft",children:e.page??e.feature})]});case"Deal":return n(E,{children:[n("b",{children:e.name??l.timeline.deal})," ",e.amount!==null&&j(e.amount)," ",n("span",{class:"soft",children:e.stageName??l.timeline.stage[e.stage]})]});case"Subscription":return n(E,{children:[n("b",{children:e.plan??l.subscriptions.plan})," ",e.amount!==null&&j(e.amount)," ",n("span",{class:"soft",children:l.subscriptions.status[e.subscriptionStatus]})]});case"Survey":return n(E,{children:[n("b",{children:l.timeline.survey[e.surveyKind]})," ",e.score!==null&&(e.scale===null?e.score:l.timeline.outOf(String(e.score),String(e.scale)))]})}}var ka=({ticketStatus:e})=>!["SOLVED","CLOSED","UNKNOWN"].includes(e);function Ea(e){switch(e.__typename){case"Order":return e.items.length===0?null:n("ul",{class:"rows",children:e.items.map((t,r)=>n("li",{children:[n("span",{children:[t.name??"–"," ",String(t.quantity)!=="1"&&n("span",{class:"soft",children:["× ",t.quantity]})]}),t.unitPrice!==null&&n("span",{class:"amount",children:j(t.unitPrice)})]},r))});case"Ticket":return e.messages.length===0?null:n("ol",{class:"messages",children:e.messages.map((t,r)=>n("li",{class:`message ${t.author.toLowerCase()}`,children:[n("p",{class:"soft small",children:[l.tickets.author[t.author]," ",t.at!==null&&n("time",{dateTime:t.at,children:F(t.at)})]}),n("p",{children:t.body})]},r))});case"Survey":return e.comment===null?null:n("p",{children:e.comment});default:return null}}var Kr=Object.keys(l.timeline.only);function Kt(){let e=(ee().get("only")??"").split(",").filter(t=>Kr.includes(t));return e.length>0?e:null}function zr({id:e,behaviour:t,now:r}){let a=Kt(),o=t.customer?.timeline??null,[s,i]=y(null),[u,c]=y(!1);_(()=>i(null),[o]);let m=[...o?.nodes??[],...s?.nodes??[]],d=s!==null?s.next:Qr(o),f=nt(t.failures,"subject"),g=async()=>{c(!0);let{data:p}=await U(Re,{id:e,records:a,after:d});c(!1);let h=p?.customer?.timeline??null;h!==null&&i({nodes:[...s?.nodes??[],...h.nodes],next:Qr(h)})};return n(L,{name:"timeline",title:l.timeline.title,region:t,field:"timeline",lines:o?.sources,top:n(Sa,{kinds:a}),children:[n(ue,{sources:o?.unavailable??[],region:t}),m.length===0&&o?.unavailable.length===0&&n(Q,{children:l.timeline.none}),Na(m).map(([p,h])=>n("section",{class:"day","aria-label":Ut(K(h[0])),children:[n("h3",{title:Ut(K(h[0])),children:Aa(h[0],r)}),n("ol",{children:Ca(h).map(x=>x.length>1?n(Br,{events:x},x[0].id):n(Wr,{entry:x[0],hidden:f},x[0].id))})]},p)),d!==null&&n("button",{type:"button",class:"more",disabled:u,onClick:g,children:u?l.state.asking:l.timeline.more}),d===null&&m.length>0&&o?.unavailable.length===0&&!o.partial&&n("p",{class:"end soft small",children:l.timeline.end})]})}function Sa({kinds:e}){return n("div",{class:"filters",role:"group","aria-label":l.timeline.title,children:[n(Hr,{on:e===null,name:l.timeline.all,onClick:()=>se({only:""})}),Kr.map(t=>n(Hr,{on:e?.includes(t)??!1,name:l.timeline.only[t],onClick:()=>se({only:Ta(e??[],t).join(",")})},t))]})}function Hr({on:e,name:t,onClick:r}){return n("button",{type:"button",class:"filter","aria-pressed":e,onClick:r,children:t})}function Ta(e,t){return e.includes(t)?e.filter(r=>r!==t):[...e,t]}function Qr(e){return e?.pageInfo.hasNextPage?e.pageInfo.endCursor:null}function Na(e){let t=new Map;for(let r of e){let a=new Date(K(r)).toDateString();t.set(a,[...t.get(a)??[],r])}return[...t]}function Ca(e){let t=[];for(let r of e){let a=t.at(-1);r.__typename==="Event"&&a?.[0]?.__typename==="Event"?a.push(r):t.push([r])}return t}function Aa(e,t){let r=new Date(K(e)),a=new Date(t.getTime()-864e5);return r.toDateString()===t.toDateString()?l.timeline.today:r.toDateString()===a.toDateString()?l.timeline.yesterday:at(K(e),t)}function Gr(e){let[t,r]=y(()=>matchMedia(e).matches);return _(()=>{let a=matchMedia(e),o=()=>r(a.matches);return a.addEventListener("change",o),()=>a.removeEventListener("change",o)},[e]),t}var Ke=["timeline","contact","tags"];function gt({id:e,viewer:t,looking:r}){let a=ve(()=>_r(r.layout),[r]),o=ie(lt,{id:e}),s=ie(ut,{id:e}),i=ie(ct,{id:e}),u=ie(st,{id:e}),c=ie(Re,{id:e,records:Kt(),after:null}),m=ie(pt,{id:e,language:W}),d=Dr(e,a.fields),f=Gr("(max-width: 760px)"),[g,p]=y("timeline"),h=ve(ot,[r,o.customer]),x=o.customer?.id??null;if(_(()=>{x!==null&&nr(t,x)},[x,t]),!o.loading&&o.customer===null)return n(wr,{id:e,viewer:t,identity:o});let S={tickets:n(Fr,{service:i,now:h}),"last-order":n(Ar,{commerce:u,now:h}),spend:n(Rr,{commerce:u}),timeline:n(zr,{id:e,behaviour:c,now:h}),contacts:n(ur,{identity:o}),address:n(cr,{identity:o}),account:n(dr,{identity:o}),profile:n(pr,{identity:o,completeness:s,own:d}),records:n(Ir,{identity:o}),subscriptions:n(Or,{commerce:u}),tags:n(br,{id:e,tags:m}),expected:n(gr,{tags:m,commerce:u,now:h}),months:n(Nr,{id:e,commerce:u,now:h})},w=(k,R)=>n("div",{class:`column ${k}`,...f&&R?{id:`panel-${R}`,role:"tabpanel","aria-labelledby":`tab-${R}`,hidden:g!==R}:{},children:vr(k,a).map(O=>n(Qe,{children:S[O]},O))});return n("main",{id:"content",class:"customer",children:[r.pinnedClock!==null&&n("p",{class:"banner",children:l.customer.pinned(F(r.pinnedClock))}),n(Qe,{children:n(xr,{identity:o,tags:m,chosen:a.tags,now:h})}),n($r,{regions:[o,i,u,c,m]}),n("div",{class:"columns",children:[w("right"),f&&n(Ra,{tab:g,onTab:p}),w("middle","timeline"),w("left","contact"),w("below","tags")]}),n("footer",{class:"foot",children:[n("p",{children:l.customer.zone(Hn)}),n(mr,{id:e})]})]})}function Ra({tab:e,onTab:t}){let r={timeline:l.timeline.title,contact:l.contacts.title,tags:l.tags.title};return n("div",{class:"tabs",role:"tablist",onKeyDown:o=>{let s=o.key==="ArrowRight"?1:o.key==="ArrowLeft"?-1:0;if(s===0)return;let i=Ke[(Ke.indexOf(e)+s+Ke.length)%Ke.length];t(i),document.getElementById(`tab-${i}`)?.focus()},children:Ke.map(o=>n("button",{id:`tab-${o}`,type:"button",role:"tab","aria-selected":e===o,"aria-controls":`panel-${o}`,tabIndex:e===o?0:-1,onClick:()=>t(o),children:r[o]},o))})}function ye(e,t){let[r,a]=y(null),[o,s]=y(!0),i=G(null),u=JSON.stringify(t),c=we(async()=>{i.current?.abort();let m=new AbortController;i.current=m,s(!0);try{let{data:d,failures:f}=await U(e,t,m.signal);a({data:d,failures:f}),s(!1)}catch(d){if(!m.signal.aborted)throw d}},[e,u]);return _(()=>(c(),()=>i.current?.abort()),[c]),{loading:r===null,asking:o,data:r?.data??null,failures:r?.failures??[],ask:c}}function De({title:e,of:t,parts:r}){let a=r.reduce((s,{value:i})=>s+i,0);if(a===0)return null;let o=0;return n("figure",{class:"chart shares","data-chart":"shares",children:[n("figcaption",{children:e}),n("svg",{viewBox:"0 0 100 10",preserveAspectRatio:"none","aria-hidden":"true",children:r.map(({label:s,value:i,tone:u})=>{let c=o;return o+=100*i/a,i>0&&n("rect",{class:`tone-${u}`,x:c,width:100*i/a,height:"10"},s)})}),n("table",{"aria-label":e,children:[n("thead",{class:"unseen",children:n("tr",{children:[n("th",{scope:"col",children:t}),n("th",{scope:"col",children:T.chart.count}),n("th",{scope:"col",children:T.chart.share})]})}),n("tbody",{children:r.map(({label:s,value:i,tone:u})=>n("tr",{children:[n("th",{scope:"row",children:[n("svg",{class:"swatch",viewBox:"0 0 10 10","aria-hidden":"true",children:n("rect",{class:`tone-${u}`,width:"10",height:"10"})}),s]}),n("td",{class:"figure",children:v(i)}),n("td",{class:"figure share",children:le(i/a)})]},s))})]})]})}function Ie({name:e,title:t,report:r,aside:a,children:o}){return n("main",{id:"content",class:`report report-${e}`,"aria-busy":r.asking,children:[n("header",{class:"report-head",children:[n("h1",{children:t}),n("span",{class:"grow"}),a,n("button",{type:"button",class:"again",disabled:r.asking,onClick:r.ask,children:r.asking?l.state.asking:l.state.askAgain})]}),r.loading?n(Ee,{}):o]})}function Le({failures:e,right:t}){let r=e[0],a=r?.code??"UNKNOWN",o=a==="FORBIDDEN"?t:a==="OFFLINE"?l.failure.offline:l.failure.other(a);return n("p",{class:"note grey",role:"status","data-state":a==="FORBIDDEN"?"withheld":"unavailable",children:[o,a==="INVALID_ARGUMENT"&&` ${r?.message??""}`]})}function Me({facts:e}){return n("dl",{class:"figures",children:e.map(([t,r])=>n("div",{children:[n("dt",{children:t}),n("dd",{children:r})]},t))})}var zt=e=>e.length===0?T.nobody:e.join(", ");var N=T.tags;function qr({tag:e,figures:t,days:r}){return n("section",{class:"box report-card","data-tag":e.key,"aria-labelledby":`tag-${e.key}`,children:[n("header",{children:[n("h2",{id:`tag-${e.key}`,children:e.label}),n("span",{class:"soft",children:e.key}),n("span",{class:"soft",children:l.tags.category[e.category]})]}),n("p",{children:e.description}),n("p",{class:"words",children:e.words}),n(Me,{facts:[[N.owner,e.owner],[N.version,v(e.version)],[N.since,t===null||t.changedAt===null?N.notNoted:H(t.changedAt)],...e.review===null?[]:[[N.review,H(e.review)]],[N.ttl,N.hours(v(e.ttlSeconds/3600))],...e.thresholds.length===0?[]:[[N.thresholds,e.thresholds.map(({name:a,value:o})=>`${a} = ${Y(o)}`).join(", ")]],...t===null?[]:[[N.readBy,zt(t.segments)],[N.starts,zt(t.actions)]]]}),t!==null&&n(Oa,{tag:e,figures:t,days:r}),n("details",{children:[n("summary",{children:[N.rule,n("span",{class:"unseen",children:[": ",e.label]})]}),n("pre",{tabIndex:0,children:e.expression})]})]})}function Oa({tag:e,figures:t,days:r}){let{sampled:a,given:o,partial:s,failed:i}=t;return n(E,{children:[n("div",{class:"charts",children:[n(Z,{title:N.sample(v(a)),of:N.value,bars:a===0?[]:Da(e,t)}),n(De,{title:N.quality,of:N.state,parts:[{label:N.whole,value:Math.max(0,o-s),tone:"good"},{label:N.partial,value:s,tone:"warn"},{label:N.failed,value:i,tone:"bad"},{label:N.noValue,value:Math.max(0,a-Math.max(o,s)-i),tone:"soft"}]}),n(Gt,{title:N.usage(v(r)),figures:t})]}),a===0&&n("p",{class:"none",children:N.nothingStored}),t.asked===0&&n("p",{class:"none",children:N.neverAsked}),t.history.length>0&&n(Ia,{figures:t})]})}function Gt({title:e,figures:t}){let r=t.callers.map(({caller:a,asked:o})=>({label:a||N.noName,value:o}));return n(Z,{title:e,of:N.caller,bars:r})}function Da(e,{sampled:t,given:r,values:a}){let o=new Map(e.valueLabels.map(({value:i,label:u})=>[i,u]));return[...a.map(({value:i,count:u})=>({label:o.get(i)??D(i),value:u,of:t})),{label:N.noValue,value:t-r,of:t,soft:!0}]}function Ia({figures:e}){return n("details",{children:[n("summary",{children:N.history}),n("table",{class:"history",children:[n("thead",{children:n("tr",{children:[n("th",{scope:"col",children:N.since}),n("th",{scope:"col",children:N.version}),n("th",{scope:"col",children:N.fingerprint})]})}),n("tbody",{children:e.history.map(({at:t,version:r,fingerprint:a})=>n("tr",{children:[n("th",{scope:"row",children:F(t)}),n("td",{children:r===null?N.notNoted:v(r)}),n("td",{children:n("code",{children:a})})]},t))})]})]})}var La=[7,30,90,365];function Yr(){let[e,t]=y(30),r=ye(Xn,{language:W}),a=ye(dt,{days:e}),o=a.data?.tagReport??null,s={...r,asking:r.asking||a.asking,ask:()=>{r.ask(),a.ask()}};return n(Ie,{name:"tags",title:T.tags.title,report:s,aside:n(qt,{days:e,onChange:t}),children:[!a.loading&&o===null&&n(Le,{failures:a.failures,right:T.tags.right}),(r.data?.tagDefinitions??[]).map(i=>n(qr,{tag:i,figures:o?.find(({key:u})=>u===i.key)??null,days:e},i.key))]})}function qt({days:e,onChange:t}){return n("label",{class:"span",children:[T.tags.days," ",n("select",{class:"quiet",value:String(e),onChange:r=>t(Number(r.currentTarget.value)),children:La.map(r=>n("option",{value:String(r),children:T.tags.someDays(v(r))},r))})]})}var B=T.segments;function jr(){let[e,t]=y(30),r=ye(Yn,{language:W}),a=ye(dt,{days:e}),o=r.data?.segments??null,s=(o??[]).filter(({count:c})=>c!==null),i=new Map((a.data?.tagReport??[]).map(c=>[c.key,c])),u={...r,asking:r.asking||a.asking,ask:()=>{r.ask(),a.ask()}};return n(Ie,{name:"segments",title:B.title,report:u,aside:n(qt,{days:e,onChange:t}),children:[o===null&&n(Le,{failures:r.failures,right:T.tags.right}),o?.length===0&&n("p",{class:"note",children:B.none}),s.length>1&&n("section",{class:"box report-card",children:n(Z,{title:B.sizes,of:B.segment,bars:s.map(({label:c,count:m,known:d})=>({label:c,value:m??0,...d?{of:d}:{}}))})}),(o??[]).map(c=>n(Ma,{segment:c,usage:i.get(`segment:${c.key}`)??null,days:e},c.key))]})}function Ma({segment:e,usage:t,days:r}){let{count:a,known:o,unknown:s}=e;return n("section",{class:"box report-card","data-segment":e.key,"aria-labelledby":`segment-${e.key}`,children:[n("header",{children:[n("h2",{id:`segment-${e.key}`,children:e.label}),n("span",{class:"soft",children:e.key})]}),n("p",{children:e.description}),n("p",{class:"words",children:e.words}),n(Me,{facts:[[B.owner,e.owner],[B.sizes,a===null?B.notCounted:v(a)],[B.asOf,e.asOf===null?B.notCounted:F(e.asOf)]]}),n("div",{class:"charts",children:[a!==null&&o!==null&&e.condition!==null&&n(De,{title:B.spread,of:B.state,parts:[{label:B.inside,value:a,tone:"plain"},{label:B.outside,value:Math.max(0,o-a),tone:"soft"},{label:B.unknown,value:s??0,tone:"warn"}]}),t!==null&&n(Gt,{title:B.usage(v(r)),figures:t})]}),e.condition===null?n("p",{class:"soft",children:B.uploaded}):n("details",{children:[n("summary",{children:[B.condition,n("span",{class:"unseen",children:[": ",e.label]})]}),n("pre",{tabIndex:0,children:e.condition})]})]})}function Yt({title:e,times:t,lines:r,format:a}){let o=r.flatMap(({values:c})=>c.filter(m=>m!==null));if(t.length<2||o.length===0)return null;let s=Math.max(...o)||1,i=r.map(({label:c,values:m})=>T.chart.line(c,...Pa(m,a))).join(" "),u=t.map((c,m)=>m).filter(c=>r.some(({values:m})=>m[c]));return n("figure",{class:"chart lines","data-chart":"lines",children:[n("figcaption",{children:e}),n("div",{class:"plot",children:[n("span",{class:"most","aria-hidden":"true",children:a(s)}),n("svg",{viewBox:"0 0 100 40",preserveAspectRatio:"none",role:"img","aria-label":`${e}. ${i}`,children:[n("path",{class:"grid",d:"M0 0.5H100M0 20H100M0 39.5H100"}),r.map(({label:c,tone:m,values:d})=>n("path",{class:`line-${m}`,d:$a(d,s)},c))]}),n("span",{class:"from","aria-hidden":"true",children:q(t[0])}),n("span",{class:"to","aria-hidden":"true",children:q(t.at(-1))})]}),n("p",{class:"legend","aria-hidden":"true",children:r.map(({label:c,tone:m})=>n("span",{class:`key-${m}`,children:c},c))}),n("details",{children:[n("summary",{children:[T.chart.table,n("span",{class:"unseen",children:[": ",e]})]}),n("table",{children:[n("thead",{children:n("tr",{children:[n("th",{scope:"col",children:T.chart.time}),r.map(({label:c})=>n("th",{scope:"col",children:c},c))]})}),n("tbody",{children:u.map(c=>n("tr",{children:[n("th",{scope:"row",children:q(t[c])}),r.map(({label:m,values:d})=>n("td",{class:"figure",children:d[c]===null?"":a(d[c])},m))]},c))})]})]})]})}var Xr=.8;function Pa(e,t){let r=e.filter(a=>a!==null);return[t(r.at(-1)??0),t(Math.max(0,...r))]}function $a(e,t){let r=100/(e.length-1),a="";return e.forEach((o,s)=>{if(o===null)return;let i=s*r,u=(39.5-39*o/t).toFixed(2),c=s>0&&e[s-1]!==null;a+=c?`L${i.toFixed(2)} ${u}`:`M${Math.max(0,i-Xr).toFixed(2)} ${u}h${Xr}`}),a}function Jr(e,t){let r=e[0];if(r===void 0)return[];let a=Math.max(9,Math.floor((Date.parse(t)-Date.parse(r.at))/6e4)),o=Math.floor(Date.parse(t)/6e4-a)*6e4,s=Math.min(61,a+1),i=Array.from({length:s},(u,c)=>({at:new Date(o+c*6e4).toISOString(),calls:0,failed:0,p50:null,p95:null}));for(let{at:u,calls:c,failed:m,latencyP50Ms:d,latencyP95Ms:f}of e){let g=i[Math.round((Date.parse(u)-o)/6e4)];g!==void 0&&Object.assign(g,{calls:c,failed:m,p50:d,p95:f})}return i}var b=T.sources,jt=e=>b.ms(v(e<10?e:Math.round(e)));function Zr({counts:e,now:t}){let{source:r}=e,a=Jr(e.minutes,t),o=a.map(({at:s})=>s);return n("section",{class:"box report-card","data-source":r.name,"aria-labelledby":`source-${r.name}`,children:[n("header",{children:[n("h2",{id:`source-${r.name}`,children:r.name}),n("span",{class:"soft",children:r.kind}),n("span",{class:`health health-${r.health.toLowerCase()}`,"data-state":r.health,children:[b.health[r.health],e.pausedSeconds!==null&&` ${b.paused(v(Math.ceil(e.pausedSeconds)))}`]})]}),e.heldSeconds>0&&n("p",{class:"note grey",children:b.held(v(Math.ceil(e.heldSeconds)))}),n(Me,{facts:Fa(e)}),n("div",{class:"charts",children:[n(Yt,{title:b.perMinute,times:o,format:v,lines:[{label:b.calls,tone:"plain",values:a.map(({calls:s})=>s)},{label:b.failed,tone:"bad",values:a.map(({failed:s})=>s)}]}),n(Yt,{title:b.latency,times:o,format:jt,lines:[{label:b.p50,tone:"plain",values:a.map(({p50:s})=>s)},{label:b.p95,tone:"bad",values:a.map(({p95:s})=>s)}]}),n(De,{title:b.outcomes,of:b.code,parts:e.outcomes.map(Ua)}),n(Z,{title:b.refused,of:b.code,bars:e.refusedLookups.map(({code:s,count:i})=>({label:Se(s),value:i}))}),n(Z,{title:b.dropped,of:b.what,bars:e.droppedRecords.map(({record:s,reason:i,count:u})=>({label:`${D(s)}: ${b.reason[i]??i}`,value:u}))}),n(Z,{title:b.unreadable,of:b.what,bars:e.unreadableValues.map(({record:s,path:i,reason:u,count:c})=>({label:`${D(s)} ${i??""}: ${b.reason[u]??u}`,value:c}))})]}),e.droppedRecords.length+e.unreadableValues.length===0&&n("p",{class:"none",children:b.allReadable})]})}function Ua({code:e,count:t}){return e==="OK"?{label:b.ok,value:t,tone:"good"}:e==="CANCELLED"?{label:b.cancelled,value:t,tone:"soft"}:{label:`${Se(e)} (${e})`,value:t,tone:e==="SOURCE_TIMEOUT"?"warn":"bad"}}function Fa(e){let{calls:t,failed:r,latencyP50Ms:a,latencyP95Ms:o,cacheHits:s,cacheMisses:i}=e,u=s+i;return[[b.since,F(e.since)],[b.calls,v(t)],[b.failed,t===0?v(0):`${v(r)} (${le(r/t)})`],[b.p50,a===null?b.none:jt(a)],[b.p95,o===null?b.none:`${jt(o)} ${b.recent(v(e.recentCalls))}`],[b.underWay,b.ofMost(v(e.callsUnderWay),v(e.maxCalls))],[b.waiting,v(e.waitingKeys)],[b.retries,v(e.retries)],[b.openings,b.times(v(e.breakerOpenings))],[b.cache,u===0?v(0):`${v(s)} (${le(s/u)})`],[b.stale,v(e.staleAnswers)],[b.quota,Wa(e)],[b.finds,[...new Set(e.source.lookups.map(({record:c})=>D(c)))].join(", ")]]}function Wa({callsLeft:e,callsPerSecond:t,quotaLeft:r}){return r!==null?b.quotaLeft(v(r)):t===null?b.noQuota:b.left(v(e??0),v(t))}function eo(){let e=ye(jn,{}),t=e.data?.sourceActivity??null;return n(Ie,{name:"sources",title:T.sources.title,report:e,children:t===null?n(Le,{failures:e.failures,right:T.sources.right}):n(E,{children:[n("p",{class:"note",children:T.sources.process(t.process,F(t.at))}),t.sources.map(r=>n(Zr,{counts:r,now:t.at},r.source.name))]})})}var to={segments:jr,sources:eo,tags:Yr};var no=/[\p{L}\p{N}]+/gu;function ro(e){return e.normalize("NFKD").replace(/\p{M}/gu,"").toLowerCase()}function Xt(e,t){let r=ro(t).match(no)??[],a=[],o=0;for(let s of e.matchAll(no)){let i=Ba(s[0],r);i!==0&&(s.index>o&&a.push({text:e.slice(o,s.index),marked:!1}),o=s.index+i,a.push({text:e.slice(s.index,o),marked:!0}))}return o<e.length&&a.push({text:e.slice(o),marked:!1}),a}function oo(e,t){let r=t.replace(/\D/g,"").replace(/^0+/,""),a=e.replace(/\D/g,"");if(r.length<4||!a.endsWith(r))return[{text:e,marked:!1}];let o=e.length-r.length;return[{text:e.slice(0,o),marked:!1},{text:e.slice(o),marked:!0}].filter(s=>s.text!=="")}function Ba(e,t){let r=ro(e),a=0;for(let o of t)r.startsWith(o)?a=Math.max(a,r.length===e.length?o.length:e.length):(o.length>3&&Va(r,o)<=(o.length>7?2:1)||/\p{Script=Han}/u.test(o)&&o.includes(r))&&(a=e.length);return a}function Va(e,t){let r=[],a=Array.from({length:t.length+1},(o,s)=>s);for(let o=1;o<=e.length;o+=1){let s=[o];for(let i=1;i<=t.length;i+=1){let u=e[o-1]===t[i-1],c=Math.min(a[i]+1,s[i-1]+1,a[i-1]+(u?0:1));o>1&&i>1&&e[o-1]===t[i-2]&&e[o-2]===t[i-1]&&(c=Math.min(c,r[i-2]+1)),s.push(c)}[r,a]=[a,s]}return a[t.length]}var Ha=new Set(["NAME","EMAIL","COMPANY"]);function so({match:e,typed:t,card:r}){let{customer:a,matchedBy:o,exact:s}=e,i=o==="PHONE"?a.phone:o==="MEMBER_NUMBER"?a.memberNumber:a.email,u=[a.company?.name,a.address?.city??a.address?.country].filter(Boolean),c=o==="PHONE"?oo:Xt;return n("div",{class:"candidate",children:[n("div",{class:"candidate-who",children:[n("strong",{children:n(ao,{parts:Ha.has(o)?Xt(a.name??a.id,t):Ka(a.name??a.id)})}),n("span",{class:"candidate-where",children:u.join(" · ")})]}),n("div",{class:"candidate-what",children:[n("span",{class:"candidate-contact",children:i&&n(ao,{parts:c(i,t)})}),n("span",{class:"candidate-lately",children:r&&n(Qa,{card:r})})]}),n("span",{class:s?"match exact":"match",children:[l.search.by[o]," · ",s?l.search.exact:l.search.similar]})]})}function Qa({card:e}){let t=e.tickets?.unavailable.length===0?e.tickets.totalCount:null,r=e.orders?.nodes[0];return n(E,{children:[t!=null&&t>0&&n("em",{class:"alert",children:l.search.openTickets(t)}),t===0&&n("span",{children:l.search.noOpenTickets}),r&&n("span",{children:l.search.lastOrder(fe(r.placedAt,ot()))})]})}var Ka=e=>[{text:e,marked:!1}];function ao({parts:e}){return n(E,{children:e.map((t,r)=>t.marked?n("mark",{children:t.text},r):t.text)})}var za=160;function io(e){let[t,r]=y(null),[a,o]=y(!1),[s,i]=y(0),u=G(!1),c=e.trim();return _(()=>{if(c===""){r(null),o(!1);return}o(!0);let d=new AbortController,f=setTimeout(async()=>{try{let g=await U(it,{text:c},d.signal);if(d.signal.aborted)return;let p=g.data?.find??null;r({text:c,result:p,failures:g.failures,cards:new Map}),o(!1);let h=p?.matches.map(w=>w.customer.id)??[];if(h.length===0)return;let x=await U(zn,{ids:h},d.signal);if(d.signal.aborted)return;let S=new Map((x.data?.customers??[]).flatMap(w=>w?[[w.id,w]]:[]));r({text:c,result:p,failures:g.failures,cards:S})}catch(g){if(!d.signal.aborted)throw g}},u.current?0:za);return u.current=!1,()=>{clearTimeout(f),d.abort()}},[c,s]),{found:t,busy:a,findNow:()=>{u.current=!0,i(d=>d+1)}}}function ft({form:e,initial:t="",opensExact:r=!1,onTyped:a}){let[o,s]=y(t),[i,u]=y(0),[c,m]=y(e==="page"),d=G(null),f=kn(),{found:g,busy:p,findNow:h}=io(o),x=g?.result?.matches??[],S=G(r),w=G(!1);_(()=>u(0),[g?.text]),_(()=>{e==="page"&&d.current?.focus()},[e]),_(()=>{if(S.current&&g?.result){S.current=!1;let A=g.result.matches.filter(M=>M.exact);A.length===1&&oe(me(A[0].customer.id),!0)}w.current&&g?.text===o.trim()&&(w.current=!1,g.result?.matches.length===1&&R(0))},[g]),_(()=>{if(e!=="bar")return;let A=M=>{let X=M.target;M.key==="/"&&!/^(INPUT|TEXTAREA|SELECT)$/.test(X.tagName)&&(M.preventDefault(),d.current?.focus())};return addEventListener("keydown",A),()=>removeEventListener("keydown",A)},[e]);let k=A=>{s(A),m(!0),a?.(A)},R=A=>{let M=x[A];M&&(e==="bar"&&(k(""),m(!1),d.current?.blur()),oe(me(M.customer.id)))},O=A=>{if(!A.isComposing)if(A.key==="ArrowDown"||A.key==="ArrowUp"){A.preventDefault();let M=A.key==="ArrowDown"?1:-1;x.length>0&&u((i+M+x.length)%x.length)}else A.key==="Enter"?(A.preventDefault(),g?.text===o.trim()&&!p?R(i):(w.current=!0,h())):A.key==="Escape"&&(k(""),m(e==="page"))},ne=c&&o.trim()!=="";return n("div",{class:`finder finder-${e}`,role:"search",children:[n("div",{class:"finder-box",children:[n(Ga,{}),n("input",{ref:d,type:"text",inputMode:"search",enterKeyHint:"search",role:"combobox","aria-label":l.search.label,"aria-expanded":ne&&x.length>0,"aria-controls":f,"aria-autocomplete":"list","aria-activedescendant":ne&&x.length>0?`${f}-${i}`:void 0,autocomplete:"off",autocapitalize:"off",spellcheck:!1,placeholder:e==="bar"?l.search.label:l.search.placeholder,value:o,onInput:A=>k(A.currentTarget.value),onKeyDown:O,onFocus:()=>m(!0),onBlur:()=>e==="bar"&&m(!1)}),n("span",{class:p?"spinner":"spinner idle","aria-hidden":"true"}),e==="bar"&&n("kbd",{"aria-hidden":"true",children:"/"})]}),n("p",{class:"unseen",role:"status",children:p?l.search.busy:ne&&x.length>0?l.search.found(x.length):""}),n("div",{class:"finder-result",hidden:!ne,children:[n("ul",{id:f,role:"listbox","aria-label":l.search.label,hidden:x.length===0,children:x.map((A,M)=>n("li",{id:`${f}-${M}`,role:"option","aria-selected":M===i,onMouseDown:X=>X.preventDefault(),onMouseMove:()=>u(M),onClick:()=>R(M),children:n(so,{match:A,typed:g?.text??"",card:g?.cards.get(A.customer.id)})},A.customer.id))}),ne&&g&&n(mt,{found:g})]})]})}function Ga(){return n("svg",{class:"icon",viewBox:"0 0 20 20","aria-hidden":"true",children:[n("circle",{cx:"9",cy:"9",r:"5.5"}),n("path",{d:"m13.2 13.2 4 4"})]})}var qa=["phone","email","order","ticket","text"];function lo(){let e=ee(),t=qa.find(a=>e.get(a));if(!t)return null;let r=t==="phone"?e.get(t).replace(/^ (?=\d)/,"+"):e.get(t);return oe("/",!0),r}function uo({viewer:e}){let[t,r]=y(lo),[a,o]=y(t??"");return _(()=>{let s=()=>{let i=lo();i!==null&&(r(i),o(i))};return addEventListener("hashchange",s),()=>removeEventListener("hashchange",s)},[]),n("main",{id:"content",class:"search-page",children:[n("h1",{children:l.search.label}),n(ft,{form:"page",initial:t??"",opensExact:t!==null,onTyped:o},t),a.trim()===""&&n(E,{children:[n("p",{class:"hint",children:[l.search.hint," ",n("kbd",{children:"↑"})," ",n("kbd",{children:"↓"})," ",l.search.keys]}),n(Ya,{viewer:e})]})]})}function Ya({viewer:e}){let[t,r]=y([]);if(_(()=>{let o=Ve(e);o.length!==0&&U(Gn,{ids:o}).then(({data:s,failures:i})=>{let u=s?.customers;if(!u)return;let c=o.filter((m,d)=>u[d]===null&&ja(i,d));Oe(e,c),r(u.filter(m=>m!==null))})},[e]),t.length===0)return null;let a=()=>{Oe(e,Ve(e)),r([])};return n("section",{class:"recent","aria-labelledby":"recent",children:[n("header",{children:[n("h2",{id:"recent",children:l.search.recent}),n("button",{type:"button",class:"quiet",onClick:a,children:l.search.forget})]}),n("ul",{children:t.map(o=>n("li",{children:n("a",{href:me(o.id),onClick:ae,children:[n("strong",{children:o.name??o.id}),n("span",{children:[o.company?.name,o.address?.city??o.address?.country].filter(Boolean).join(" · ")})]})},o.id))})]})}function ja(e,t){return e.filter(({path:a})=>a[1]===t).every(({code:a})=>a==="ERASED")}function co({place:e,viewer:t}){let r=[...t.operates?["sources"]:[],...t.governs?["tags","segments"]:[]];if(r.length===0)return null;let a=e.page==="other"?e.name:"";return n("nav",{class:"pages","aria-label":T.nav.label,children:r.map(o=>n("a",{href:`/${o}`,"aria-current":o===a?"page":void 0,onClick:ae,children:T.nav[o]},o))})}var Xa={en:"English",zh:"中文"};function po({place:e,looking:t,onPurpose:r,onSignedOut:a}){let o=async()=>{await fetch("/session",{method:"DELETE",headers:{"x-csrf":"1"},credentials:"same-origin",cache:"no-store"}),a()};return n("header",{class:"bar",children:[n("a",{class:"brand",href:"/",onClick:ae,"aria-label":l.product,children:[n(Za,{}),n("span",{children:l.product})]}),t.state==="ready"&&e.page!=="search"?n(ft,{form:"bar"}):null,n("span",{class:"grow"}),t.state==="ready"&&n(co,{place:e,viewer:t.viewer}),t.state==="ready"&&n("div",{class:"who",children:[n("span",{class:"who-name",title:t.viewer.caller??"",children:Ja(t)}),t.viewer.purposes.length>0&&n("select",{class:"quiet","aria-label":l.viewer.purpose,value:t.purpose??"",onChange:s=>r(s.currentTarget.value||null),children:[!t.viewer.needsPurpose&&n("option",{value:"",children:l.viewer.noPurpose}),t.viewer.purposes.map(({key:s})=>n("option",{value:s,children:s},s))]}),t.viewer.user?.startsWith("key:")&&n("button",{type:"button",class:"quiet",onClick:o,children:l.viewer.signOut})]}),n("select",{class:"quiet language","aria-label":l.viewer.language,value:W,onChange:s=>Pn(s.currentTarget.value),children:Dt.map(s=>n("option",{value:s,lang:s,children:Xa[s]},s))})]})}function Ja({viewer:e}){return(e.user?.startsWith("key:")?e.caller:e.user)??e.caller??l.viewer.anonymous}function Za(){return n("svg",{class:"brand-mark",viewBox:"0 0 24 24","aria-hidden":"true",children:[n("circle",{cx:"12",cy:"12",r:"11"}),n("circle",{cx:"12",cy:"9.5",r:"3.2"}),n("path",{d:"M5.8 18.2c1.2-2.8 3.5-4.2 6.2-4.2s5 1.4 6.2 4.2"})]})}var ze=e=>`${e.caller??""}|${e.user??""}`,mo=e=>`gateway.purpose:${ze(e)}`;function ht(){let[e,t]=y({state:"loading"}),r=we(async()=>{let{data:o,failures:s}=await U(Zn,{});if(o===null){let d=s[0]?.code??"UNKNOWN";t(d==="UNAUTHENTICATED"?{state:"signed-out"}:{state:"failed",code:d});return}let{viewer:i}=o;Vn(i.pinnedClock);let u=i.purposes.map(({key:d})=>d),c=Ce(mo(i),"session"),m=c!==null&&u.includes(c)?c:i.needsPurpose?i.purpose:null;Pt(m),t(i.needsPurpose&&m===null?{state:"choosing",viewer:i}:{state:"ready",viewer:i,purpose:m})},[]);_(()=>(r(),Un(()=>t({state:"signed-out"}))),[r]);let a=we(o=>{t(s=>{if(s.state!=="choosing"&&s.state!=="ready")return s;let{viewer:i}=s;return Ae(mo(i),o,"session"),Pt(o),{state:"ready",viewer:i,purpose:o}})},[]);return{looking:e,choose:a,again:r}}function go(){let[e,t]=y(0);return _(()=>On(r=>{$n(r),t(a=>a+1)}),[]),e===0?n(fo,{}):n(es,{given:e})}function es({given:e}){let{looking:t,again:r}=ht();return _(()=>{e>1&&r()},[e]),_(()=>{t.state==="signed-out"&&Rt()},[t.state]),t.state==="ready"?n(gt,{id:Rn(),viewer:ze(t.viewer),looking:t.viewer}):t.state==="failed"?n("main",{id:"content",class:"door",children:n("p",{role:"alert",children:l.failure.other(t.code)})}):n(fo,{})}function fo(){return n("main",{id:"content",class:"door","data-state":"waiting",children:n("p",{role:"status",children:l.viewer.waiting})})}function ho({onDone:e}){let[t,r]=y("");return n("main",{id:"content",class:"door",children:n("form",{onSubmit:async o=>{o.preventDefault();let s=o.currentTarget.elements.namedItem("key"),i={authorization:`Bearer ${s.value.trim()}`,"x-csrf":"1"};s.value="",r("");try{let u=await fetch("/session",{method:"POST",headers:i,credentials:"same-origin",cache:"no-store"});u.ok?e():r(u.status===401?l.viewer.refused:l.viewer.noSession)}catch{r(l.failure.offline)}},children:[n("h1",{children:l.viewer.signIn}),n("p",{children:l.viewer.signInWhy}),n("label",{children:[l.viewer.key,n("input",{name:"key",type:"password",autocomplete:"off",required:!0,maxLength:4096,"aria-describedby":"problem"})]}),n("p",{id:"problem",class:"alert",role:"alert",children:t}),n("button",{type:"submit",class:"primary",children:l.viewer.signIn})]})})}function yo({viewer:e,onChosen:t}){return n("main",{id:"content",class:"door",children:n("div",{children:[n("h1",{children:l.viewer.choosePurpose}),n("p",{children:l.viewer.purposeWhy}),n("ul",{children:e.purposes.map(({key:r,basis:a})=>n("li",{children:n("button",{type:"button",class:"choice",onClick:()=>t(r),children:[n("strong",{children:r}),n("span",{children:l.viewer.basis[a]})]})},r))})]})})}function bo(){return Fe?n(go,{}):n(ts,{})}function ts(){let e=Nn(),{looking:t,choose:r,again:a}=ht();return n(E,{children:[n("a",{class:"skip",href:"#content",onClick:rs,children:l.skip}),n(po,{place:e,looking:t,onPurpose:r,onSignedOut:a}),n(ns,{place:e,looking:t,onPurpose:r,onSignedIn:a})]})}function ns({place:e,looking:t,onPurpose:r,onSignedIn:a}){switch(t.state){case"loading":return n("main",{id:"content","aria-busy":"true"});case"failed":return n("main",{id:"content",class:"door",children:n("div",{role:"alert",children:[n("p",{children:t.code==="OFFLINE"?l.failure.offline:l.failure.other(t.code)}),n("button",{type:"button",class:"primary",onClick:a,children:l.failure.askAgain})]})});case"signed-out":return n(ho,{onDone:a});case"choosing":return n(yo,{viewer:t.viewer,onChosen:r});case"ready":{let o=ze(t.viewer);if(e.page==="search")return n(uo,{viewer:o},`${o}${t.purpose}`);if(e.page==="customer")return n(gt,{id:e.id,viewer:o,looking:t.viewer},`${e.id}
${t.purpose}`);let s=to[e.name];return s?n(s,{}):n("main",{id:"content"})}}}function rs(e){e.preventDefault();let t=document.getElementById("content");t?.setAttribute("tabindex","-1"),t?.focus()}document.documentElement.lang=W;pn(n(bo,{}),document.getElementById("app"));
